"""An engine of these tests' own, in this process, with one file source and one space."""

import time
from pathlib import Path
from typing import Any

import pyarrow as pa

from dremio_engine.engine import Engine
from dremio_engine.lake.outcomes import Outcome
from dremio_engine.reflections.status import rest_status
from dremio_engine.settings import Settings

WAIT_SECONDS = 30.0


class ReflectedEngine:
    """`gold` is a source, `space` a space; nothing is refreshed that a test did not ask for."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        files = folder / "files"
        (files / "gold").mkdir(parents=True, exist_ok=True)
        values = {"password": "not-a-secret", "threads": 2, "memory_limit": "1GB"} | settings
        self.engine = Engine(
            Settings(state_dir=folder / "state", nas_root=files, reflection_poll_seconds=3600.0, **values)
        ).open()
        self.services = self.engine.services
        if self.services.inventory.store.by_path(("gold",)) is None:
            config = {"path": str(files / "gold")}
            self.services.sources.create("gold", "NAS", config, {})
            self.services.containers.create_space("space")

    def close(self) -> None:
        """Stop the engine."""
        self.engine.close()

    def outcome(self, sql: str) -> Outcome:
        """A statement run to its end."""
        return self.services.runner.run(sql, (), "tester")

    def table(self, sql: str) -> pa.Table:
        """A query's rows."""
        return self.outcome(sql).table

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """A query's rows as tuples."""
        return [tuple(row.values()) for row in self.table(sql).to_pylist()]

    def run(self, *statements: str) -> None:
        """Statements whose answers do not matter."""
        for sql in statements:
            self.outcome(sql)

    def used(self, sql: str) -> list[str]:
        """The names of the reflections a query was answered from."""
        told = self.outcome(sql).relationships
        return sorted(
            self.services.reflections.get(r.reflection_id).name for r in told if r.relationship == "CHOSEN"
        )

    def is_same(self, sql: str) -> bool:
        """Whether a query gives the same names, types and rows with and without reflections."""
        return same_rows(self.table(sql), self.table(without(sql)))

    # -- reflections ---------------------------------------------------------------------------------

    def reflect(self, sql: str) -> str:
        """Create a reflection by SQL and wait for it; gives its id."""
        known = {r.id for r in self.services.reflections.all()}
        self.run(sql)
        made = next(r.id for r in self.services.reflections.all() if r.id not in known)
        self.wait()
        return made

    def wait(self) -> None:
        """Until no refresh runs or waits."""
        deadline = time.monotonic() + WAIT_SECONDS
        while any(r.status.refreshing for r in self.services.reflections.all()):
            assert time.monotonic() < deadline, "a refresh does not end"
            time.sleep(0.005)

    def refresh(self, path: str) -> None:
        """Refresh what stands on a dataset, and wait."""
        self.run(f"alter table {path} refresh reflections")
        self.wait()

    def status(self, reflection_id: str) -> dict[str, Any]:
        """The status as REST gives it."""
        reflections = self.services.reflections
        reflection = reflections.get(reflection_id)
        return rest_status(reflection, reflections.show(reflection).standing)


def without(sql: str) -> str:
    """The same query with reflections off."""
    head, word, rest = sql.partition("select")
    assert word, sql
    return f"{head}select /*+ no_reflections */{rest}"


def same_rows(one: pa.Table, other: pa.Table) -> bool:
    """Whether two tables have the same schema and the same rows, in any order."""
    return one.schema == other.schema and _sorted(one) == _sorted(other)


def _sorted(table: pa.Table) -> list[str]:
    return sorted(repr(tuple(row)) for row in zip(*[c.to_pylist() for c in table.columns], strict=True))
