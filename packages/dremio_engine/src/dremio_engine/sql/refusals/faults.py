"""What Dremio's parser would not take in a query, and how the error says it."""

from dataclasses import dataclass

from dremio_engine.errors import EngineError, InvalidStatement, Unsupported


@dataclass(frozen=True)
class Fault:
    """`start` is where it stands in the query's text, `text` is how the query wrote it.

    `elsewhere`: it names something that Dremio has, in a place where Dremio does not have it.
    """

    start: int
    text: str
    reason: str
    elsewhere: bool = False

    def error(self, sql: str, query_at: int = 0) -> EngineError:
        """The error for a statement's text, in which the query begins at `query_at`."""
        where = place(sql, query_at + self.start)
        return Unsupported(_said(self, where)) if self.elsewhere else NotParsed(self, where)


class NotParsed(InvalidStatement):
    """Said as Dremio's parser says it."""

    def __init__(self, fault: Fault, where: str) -> None:
        super().__init__(_said(fault, where))
        self.fault = fault


def _said(fault: Fault, where: str) -> str:
    return f'PARSE ERROR: Failure parsing the query. Encountered "{fault.text}" at {where}: {fault.reason}.'


def place(sql: str, start: int) -> str:
    """`line 1, column 13` of a position in a text; both count from one."""
    before = sql[:start]
    return f"line {before.count(chr(10)) + 1}, column {start - before.rfind(chr(10))}"
