"""What is kept of reflections in the state file: definitions, status, materialisations."""

import json
import sqlite3
import threading
import uuid
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from dremio_engine.catalog.entities import now_text
from dremio_engine.errors import Conflict, NotFound
from dremio_engine.reflections.status import Reflection, Status, reflection_of, status_of
from dremio_engine.state import StateFile

KEPT_PER_REFLECTION = 50

_MATERIALISATIONS = """
create table if not exists materializations (
    id text primary key, reflection_id text not null, created_at text not null, body text not null)
"""
_POLICIES = "create table if not exists refresh_policies (dataset_id text primary key, body text not null)"


@dataclass(frozen=True)
class Materialisation:
    """One refresh and what it built. Times are texts in UTC.

    `versions` are the data versions it was built from, by dataset id; `columns` are the dataset's and
    `fields` the table's own, each (name, DuckDB type before it was stored); `base` is the table it grows
    with: its id, its whole version and the snapshot it was read in.
    """

    reflection_id: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    state: str = "DONE"
    table: str | None = None
    created_at: str = field(default_factory=now_text)
    finished_at: str = ""
    duration_ms: int = 0
    method: str = "FULL"
    decision: str = ""
    failure: str = ""
    rows: int = 0
    bytes: int = 0
    series: str = ""
    ordinal: int = 0
    versions: dict[str, str] = field(default_factory=dict)
    paths: dict[str, list[str]] = field(default_factory=dict)
    columns: list[tuple[str, str]] = field(default_factory=list)
    fields: list[tuple[str, str]] = field(default_factory=list)
    base: dict[str, Any] | None = None


class ReflectionStore:
    """Thread-safe; each method is one transaction. `changes` grows with every change that queries may see."""

    def __init__(self, state: StateFile) -> None:
        self._state = state
        self._state.write(_MATERIALISATIONS)
        self._state.write(_POLICIES)
        self._lock = threading.Lock()
        self.changes = 0
        self._current: dict[str, Materialisation] = {}
        for row in self._state.rows("select body from materializations order by created_at"):
            made = _materialisation(row)
            if made.state == "DONE":
                self._current[made.reflection_id] = made

    def all(self) -> list[Reflection]:
        """Every reflection by age."""
        return [
            reflection_of(r) for r in self._state.rows("select * from reflections order by created_at, name")
        ]

    def get(self, reflection_id: str) -> Reflection:
        """One reflection. Raises NotFound."""
        row = self._state.row("select * from reflections where id = ?", reflection_id)
        if row is None:
            raise NotFound(f"Could not find reflection with id [{reflection_id}]")
        return reflection_of(row)

    def add(self, body: dict[str, Any]) -> Reflection:
        """Keep a new definition. Raises Conflict when the dataset has one of that name."""
        now = now_text()
        made = Reflection(
            str(uuid.uuid4()), body["datasetId"], body["name"], uuid.uuid4().hex, now, now, body
        )
        try:
            self._state.write(
                "insert into reflections values (?, ?, ?, ?, ?, ?, ?, ?)", made.id, made.dataset_id,
                made.name, made.tag, now, now, json.dumps(body), json.dumps(asdict(made.status)),
            )  # fmt: skip
        except sqlite3.IntegrityError as error:
            raise Conflict(f"An object already exists with that name: reflection [{made.name}]") from error
        return made

    def replace(self, current: Reflection, body: dict[str, Any]) -> Reflection:
        """Another definition under a new tag; what was materialised serves no more. Raises Conflict."""
        try:
            changed = self._state.write(
                "update reflections set name = ?, tag = ?, updated_at = ?, body = ?, status = ?"
                " where id = ? and tag = ?",
                body["name"], uuid.uuid4().hex, now_text(), json.dumps(body), json.dumps(asdict(Status())),
                current.id, current.tag,
            )  # fmt: skip
        except sqlite3.IntegrityError as error:
            raise Conflict(f"An object already exists with that name: reflection [{body['name']}]") from error
        if not changed:
            raise Conflict(f"Tag [{current.tag}] is not the newest of reflection [{current.name}].")
        self.retire(current.id)
        return self.get(current.id)

    def remove(self, reflection_id: str) -> None:
        """Forget a definition."""
        self._state.write("delete from reflections where id = ?", reflection_id)
        self.retire(reflection_id)

    def set_status(self, reflection_id: str, **changes: Any) -> None:
        """Change parts of a status; nothing happens when the reflection is gone."""
        with self._state.transaction():
            row = self._state.row("select status from reflections where id = ?", reflection_id)
            if row is not None:
                status = replace(status_of(row["status"]), **changes)
                self._state.write(
                    "update reflections set status = ? where id = ?",
                    json.dumps(asdict(status)),
                    reflection_id,
                )

    def policy(self, dataset_id: str) -> dict[str, Any] | None:
        """A table's own refresh policy, if it has one."""
        row = self._state.row("select body from refresh_policies where dataset_id = ?", dataset_id)
        return None if row is None else dict(json.loads(row["body"]))

    def keep_policy(self, dataset_id: str, policy: dict[str, Any]) -> None:
        """Give a table a refresh policy of its own."""
        self._state.write(
            "insert or replace into refresh_policies values (?, ?)", dataset_id, json.dumps(policy)
        )
        with self._lock:
            self.changes += 1

    # -- materialisations ----------------------------------------------------------------------------

    def current(self, reflection_id: str) -> Materialisation | None:
        """What a reflection has built last and not lost since."""
        with self._lock:
            return self._current.get(reflection_id)

    def history(self) -> list[Materialisation]:
        """Every refresh that is remembered, by age."""
        return [
            _materialisation(r) for r in self._state.rows("select body from materializations order by rowid")
        ]

    def keep(self, made: Materialisation, tag: str, **status: Any) -> bool:
        """Take a finished refresh over; says no when its definition has changed or gone meanwhile."""
        with self._state.transaction():
            row = self._state.row("select tag, status from reflections where id = ?", made.reflection_id)
            if row is None or row["tag"] != tag:
                return False
            self._retire(made.reflection_id)
            self._state.write(
                "insert or replace into materializations values (?, ?, ?, ?)",
                made.id, made.reflection_id, made.created_at, json.dumps(asdict(made)),
            )  # fmt: skip
            self._state.write(
                "delete from materializations where reflection_id = ? and rowid not in (select rowid from"
                " materializations where reflection_id = ? order by rowid desc limit ?)",
                made.reflection_id, made.reflection_id, KEPT_PER_REFLECTION,
            )  # fmt: skip
            kept = replace(status_of(row["status"]), **status)
            self._state.write(
                "update reflections set status = ? where id = ?", json.dumps(asdict(kept)), made.reflection_id
            )
            # Before the status can be seen: who reads CAN_ACCELERATE asks a query next.
            with self._lock:
                self._current[made.reflection_id] = made
                self.changes += 1
        return True

    def keep_failure(self, failed: Materialisation) -> None:
        """Remember a refresh that built nothing."""
        self._state.write(
            "insert into materializations values (?, ?, ?, ?)",
            failed.id, failed.reflection_id, failed.created_at, json.dumps(asdict(failed)),
        )  # fmt: skip

    def retire(self, reflection_id: str) -> None:
        """What a reflection has built is no more."""
        with self._state.transaction():
            self._retire(reflection_id)
        with self._lock:
            self._current.pop(reflection_id, None)
            self.changes += 1

    def _retire(self, reflection_id: str) -> None:
        with self._lock:
            old = self._current.get(reflection_id)
        if old is not None:
            gone = replace(old, state="DELETED", table=None, base=None, columns=[], fields=[])
            self._state.write(
                "update materializations set body = ? where id = ?", json.dumps(asdict(gone)), old.id
            )


def _materialisation(row: sqlite3.Row) -> Materialisation:
    kept = json.loads(row["body"])
    for name in ("columns", "fields"):
        kept[name] = [(column, kind) for column, kind in kept[name]]
    return Materialisation(**kept)
