"""Which columns of a published table the log has, by what each version of PostgreSQL says of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from airbyte_engine.worker.postgres.columns import Column, Table
from airbyte_engine.worker.postgres.publication import published_columns

_INTEGER = 23
TABLE = Table(
    "public",
    "things",
    [Column("id", _INTEGER), Column("n", _INTEGER), Column("twice", _INTEGER, generated=True)],
)


class PlayedServer:
    """A session with a server of that version, whose publication names these columns."""

    def __init__(self, version: int, columns: list[str] | None) -> None:
        self.info = SimpleNamespace(server_version=version)
        self._columns = columns

    def execute(self, query: str, parameters: tuple[str, ...]) -> Any:
        assert "pg_publication_tables" in query
        assert parameters == ("things_publication", "public", "things")
        return SimpleNamespace(fetchone=lambda: (self._columns, None))


@pytest.mark.parametrize(
    ("version", "columns"),
    [(140000, None), (150018, ["id", "n", "twice"]), (160000, ["id", "n"]), (180000, ["id", "n", "twice"])],
)
def test_a_generated_column_is_never_taken_to_be_in_the_log(version: int, columns: list[str] | None) -> None:
    server: Any = PlayedServer(version, columns)
    found = published_columns(server, "things_publication", TABLE, '"public"."things"')
    assert found == {"id", "n"}
