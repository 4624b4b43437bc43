"""A user's statement, read once: what every step of its way receives."""

import functools
from dataclasses import dataclass

from dremio_engine.paths import Path
from dremio_engine.sql import commands as c
from dremio_engine.sql.command_parser import parse_command
from dremio_engine.sql.parsed import Parsed, parsed


@dataclass(frozen=True)
class Statement:
    """The command, the query or change inside it as a tree, the path short names start from, and who asks."""

    command: c.Command
    context: Path
    user: str

    @functools.cached_property
    def query(self) -> Parsed:
        """The query or change in the command, parsed at the first look. Raises InvalidStatement."""
        match self.command:
            case c.Query(sql) | c.Explain(sql) | c.Change(_, sql):
                return parsed(sql)
            case c.CreateTable(query=str(sql)) | c.CreateView(query=sql):
                return parsed(sql)
            case other:
                raise TypeError(f"there is no query in {type(other).__name__}")

    @property
    def is_query(self) -> bool:
        """Whether it is a SELECT, which may run again without changing anything."""
        return isinstance(self.command, c.Query)


def read_statement(sql: str, context: Path, user: str) -> Statement:
    """The statement in a text. Raises InvalidStatement, or Unsupported naming the statement."""
    return Statement(parse_command(sql), tuple(context), user)
