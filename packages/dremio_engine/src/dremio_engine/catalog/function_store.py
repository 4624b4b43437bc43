"""The user's functions in the state file."""

import json
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime

from dremio_engine.paths import Path, candidates, path_key
from dremio_engine.sql.user_functions import UserFunction
from dremio_engine.state import StateFile

_SCHEMA = """
create table if not exists user_functions (
    path_key text primary key, path text not null, body text not null, owner text not null,
    created_at real not null, modified_at real not null);
"""


@dataclass(frozen=True)
class StoredFunction:
    """A function, whose it is, and when it was made and changed (UTC, no zone in the values)."""

    function: UserFunction
    owner: str
    created_at: datetime
    modified_at: datetime


class FunctionStore:
    """Names ignore case; each call is one transaction."""

    def __init__(self, state: StateFile) -> None:
        self._state = state
        state.ensure(_SCHEMA)

    def at(self, path: Path) -> StoredFunction | None:
        """The function with exactly this path."""
        row = self._state.row("select * from user_functions where path_key = ?", path_key(path))
        return _stored(row) if row else None

    def named(self, path: Path, context: Path) -> StoredFunction | None:
        """The function that a name in a statement stands for."""
        return next(filter(None, map(self.at, candidates(path, context))), None)

    def find(self, path: Path, context: Path) -> UserFunction | None:
        """The same, as the translator needs it."""
        stored = self.named(path, context)
        return None if stored is None else stored.function

    def all(self) -> list[StoredFunction]:
        """Every function, by path."""
        return [_stored(row) for row in self._state.rows("select * from user_functions order by path_key")]

    def put(self, function: UserFunction, owner: str) -> None:
        """Keep a function; one that was there keeps its owner and the time it was made."""
        now = datetime.now(UTC).timestamp()
        body = json.dumps(
            {
                "parameters": function.parameters,
                "returns": function.returns,
                "columns": function.columns,
                "body": function.body,
                "context": function.context,
            }
        )
        self._state.write(
            "insert into user_functions values (?, ?, ?, ?, ?, ?)"
            " on conflict (path_key) do update set body = excluded.body, modified_at = excluded.modified_at",
            path_key(function.path), json.dumps(function.path), body, owner, now, now,
        )  # fmt: skip

    def remove(self, path: Path) -> None:
        """Forget a function."""
        self._state.write("delete from user_functions where path_key = ?", path_key(path))


def _stored(row: sqlite3.Row) -> StoredFunction:
    body = json.loads(row["body"])
    function = UserFunction(
        tuple(json.loads(row["path"])),
        tuple((name, kind) for name, kind in body["parameters"]),
        body["returns"],
        tuple((name, kind) for name, kind in body["columns"]),
        body["body"],
        tuple(body["context"]),
    )
    return StoredFunction(function, row["owner"], _moment(row["created_at"]), _moment(row["modified_at"]))


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
