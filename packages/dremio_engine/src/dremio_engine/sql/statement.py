"""A user's statement, read once: what every step of its way receives."""

import functools
from dataclasses import dataclass

from dremio_engine.paths import Path
from dremio_engine.sql.parsed import Parsed, parsed
from dremio_engine.sql.statements import commands as c
from dremio_engine.sql.statements.command_parser import parse_command


@dataclass(frozen=True)
class Statement:
    """The command, the query or change inside it as a tree, the path short names start from, and who asks.

    `sql` is the whole text.
    """

    command: c.Command
    context: Path
    user: str
    sql: str

    @property
    def query_text(self) -> str | None:
        """The text of the query or change in the command, with which the statement ends; if it has one."""
        match self.command:
            case c.Query(sql) | c.Explain(sql) | c.Change(_, sql) | c.CreateView(query=sql):
                return sql
            case c.CreateTable(query=sql):
                return sql
            case _:
                return None

    @functools.cached_property
    def query(self) -> Parsed:
        """The query or change in the command, parsed at the first look. Raises InvalidStatement."""
        if self.query_text is None:
            raise TypeError(f"there is no query in {type(self.command).__name__}")
        return parsed(self.query_text)

    @property
    def is_query(self) -> bool:
        """Whether it is a SELECT, which may run again without changing anything."""
        return isinstance(self.command, c.Query)


def read_statement(sql: str, context: Path, user: str) -> Statement:
    """The statement in a text. Raises InvalidStatement, or Unsupported naming the statement."""
    return Statement(parse_command(sql), tuple(context), user, sql)
