"""The DuckDB types of a relation's columns, for queries whose meaning hangs on them."""

import functools
import threading
from collections.abc import Callable, Mapping

import duckdb

from dremio_engine.lake.lake import Lake

KEPT = 1024


class ColumnTypes:
    """Tables of the lake are asked once until one of them changes its shape; other relations every time."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._lock = threading.Lock()
        self._kept: dict[tuple[int, str], Mapping[str, str]] = {}

    def of_lake_table(self, sql: str) -> Callable[[], Mapping[str, str]]:
        """Ask later for the columns of a lake table, by its DuckDB name."""
        return functools.partial(self._once, sql)

    def of(self, sql: str) -> Callable[[], Mapping[str, str]]:
        """Ask later for the columns of any other relation."""
        return functools.partial(self._described, sql)

    def _once(self, sql: str) -> Mapping[str, str]:
        key = (self._lake.generation, sql)
        with self._lock:
            if (kept := self._kept.get(key)) is not None:
                return kept
        found = self._described(sql)
        with self._lock:
            if len(self._kept) >= KEPT:
                self._kept.clear()
            self._kept[key] = found
        return found

    def _described(self, sql: str) -> Mapping[str, str]:
        with self._lake.session() as cursor:
            try:
                return {row[0]: row[1] for row in cursor.execute(f"describe select * from {sql}").fetchall()}
            except duckdb.Error:
                # The query itself will fail on it, and say why.
                return {}
