"""What Dremio's parser would not take in a query, and how the error says it."""

from dataclasses import dataclass

from dremio_engine.errors import InvalidStatement


@dataclass(frozen=True)
class Fault:
    """`start` is where it stands in the query's text, `text` is how the query wrote it."""

    start: int
    text: str
    reason: str

    def error(self, sql: str, query_at: int = 0) -> "NotParsed":
        """The error for a statement's text, in which the query begins at `query_at`."""
        return NotParsed(self, place(sql, query_at + self.start))


class NotParsed(InvalidStatement):
    """Said as Dremio's parser says it."""

    def __init__(self, fault: Fault, where: str) -> None:
        super().__init__(
            f'PARSE ERROR: Failure parsing the query. Encountered "{fault.text}" at {where}: {fault.reason}.'
        )
        self.fault = fault


def place(sql: str, start: int) -> str:
    """`line 1, column 13` of a position in a text; both count from one."""
    before = sql[:start]
    return f"line {before.count(chr(10)) + 1}, column {start - before.rfind(chr(10))}"
