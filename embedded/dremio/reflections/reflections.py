"""Reflections: definitions, their materialisations in the lake, and the status clients wait for.

A materialisation is a DuckLake table in the schema `__accelerator`, built beside the one in use and
taken over in one write, so a query or a crash never meets half of it. Rewriting queries onto
materialisations is another module's work: `usable()` gives it what it needs.
"""

import json
import logging
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from embedded.dremio.catalog.catalog import Catalog
from embedded.dremio.catalog.entities import Path, dotted, now_text
from embedded.dremio.catalog.system_tables import SystemTables
from embedded.dremio.errors import Conflict, InvalidStatement, NotFound
from embedded.dremio.jobs.execute import Executor
from embedded.dremio.lake.lake import REFLECTION_SCHEMA, Lake
from embedded.dremio.lake.tables import Tables
from embedded.dremio.reflections.shape import materialisation_query, validate
from embedded.dremio.reflections.status import Reflection, Status, reflection_of, system_table
from embedded.dremio.sql import commands as c
from embedded.dremio.state import StateFile

LOG = logging.getLogger(__name__)


class Reflections:
    """Thread-safe. One refresh runs at a time; a request for one that waits already is the same request."""

    def __init__(self, state: StateFile, catalog: Catalog, lake: Lake, tables: Tables) -> None:
        self._state, self._catalog, self._lake, self._tables = state, catalog, lake, tables
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="reflection")
        self._lock = threading.Lock()
        self._waiting: set[str] = set()

    def join(self, executor: Executor, system: SystemTables) -> None:
        """Take over the SQL commands and system tables of reflections, and finish what a crash left."""
        handlers: dict[type, Callable[[Any, str], str]] = {
            c.CreateReflection: self._create_by_sql,
            c.DropReflection: self._drop_by_sql,
            c.RefreshReflections: self._refresh_by_sql,
        }
        executor.handlers.update(handlers)
        system.extra[("sys", "reflections")] = lambda: system_table(self.all(), self.path_of)
        self._sweep()
        for reflection in self.all():
            if reflection.status.refreshing:
                self.refresh(reflection)

    def close(self) -> None:
        """Let the refresh that runs be cancelled with the lake."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    # -- reading -------------------------------------------------------------------------------------

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

    def of_dataset(self, dataset_id: str) -> list[Reflection]:
        """The reflections on a dataset."""
        return [r for r in self.all() if r.dataset_id == dataset_id]

    def usable(self) -> list[Reflection]:
        """Those with a materialisation that may serve queries."""
        return [r for r in self.all() if r.enabled and r.status.table and not r.status.failures]

    def path_of(self, reflection: Reflection) -> Path | None:
        """The path of its dataset; nothing when the dataset is gone."""
        try:
            return self._catalog.dataset_by_id(reflection.dataset_id)
        except NotFound:
            return None

    # -- changing ------------------------------------------------------------------------------------

    def create(self, body: dict[str, Any]) -> Reflection:
        """Keep a definition and start its first refresh. Raises Conflict, EngineError."""
        path = self._catalog.dataset_by_id(str(body.get("datasetId")))
        validate(body, [name for name, _ in self._catalog.columns(path)])
        now = now_text()
        made = Reflection(
            str(uuid.uuid4()), body["datasetId"], body["name"], uuid.uuid4().hex, now, now, body
        )
        try:
            self._state.write(
                "insert into reflections values (?, ?, ?, ?, ?, ?, ?, ?)",
                made.id,
                made.dataset_id,
                made.name,
                made.tag,
                now,
                now,
                json.dumps(body),
                json.dumps(vars(made.status)),
            )
        except sqlite3.IntegrityError as error:
            raise Conflict(f"An object already exists with that name: reflection [{made.name}]") from error
        if made.enabled:
            self.refresh(made)
        return self.get(made.id)

    def change(self, reflection_id: str, body: dict[str, Any]) -> Reflection:
        """Replace a definition; what it had materialised no longer serves. Raises Conflict on an old tag."""
        current = self.get(reflection_id)
        if body.get("tag") != current.tag:
            raise Conflict(f"Tag [{body.get('tag')}] is not the newest of reflection [{current.name}].")
        merged = {**body, "datasetId": current.dataset_id}
        path = self._catalog.dataset_by_id(current.dataset_id)
        validate(merged, [name for name, _ in self._catalog.columns(path)])
        self._state.write(
            "update reflections set name = ?, tag = ?, updated_at = ?, body = ?, status = ? where id = ?",
            merged["name"],
            uuid.uuid4().hex,
            now_text(),
            json.dumps(merged),
            json.dumps(vars(Status())),
            reflection_id,
        )
        self._drop_table(current.status.table)
        changed = self.get(reflection_id)
        if changed.enabled:
            self.refresh(changed)
        return self.get(reflection_id)

    def delete(self, reflection_id: str) -> None:
        """Forget a reflection and drop what it materialised. Raises NotFound."""
        gone = self.get(reflection_id)
        self._state.write("delete from reflections where id = ?", reflection_id)
        self._drop_table(gone.status.table)

    def refresh_dataset(self, path: Path) -> None:
        """Refresh every enabled reflection of a dataset."""
        for reflection in self.of_dataset(self._catalog.dataset_id(path)):
            if reflection.enabled:
                self.refresh(reflection)

    def refresh(self, reflection: Reflection) -> None:
        """Queue a refresh; its status says REFRESHING from now on."""
        with self._lock:
            if reflection.id in self._waiting:
                return
            self._waiting.add(reflection.id)
        self._set_status(reflection.id, refreshing=True)
        try:
            self._worker.submit(self._refresh_safely, reflection.id)
        except RuntimeError:
            LOG.info("stopping: refresh of %s is taken up at the next start", reflection.name)

    def _refresh_safely(self, reflection_id: str) -> None:
        with self._lock:
            self._waiting.discard(reflection_id)
        try:
            self._refresh(self.get(reflection_id))
        except NotFound:
            return
        except Exception as error:  # noqa: BLE001
            # Whatever went wrong belongs into the status that clients wait on.
            LOG.warning("refresh of reflection %s failed: %s", reflection_id, error)
            failures = self.get(reflection_id).status.failures
            self._set_status(
                reflection_id,
                refreshing=False,
                failures=failures + 1,
                failure=str(error),
                last_refresh_finished=now_text(),
            )

    def _refresh(self, reflection: Reflection) -> None:
        path = self._catalog.dataset_by_id(reflection.dataset_id)
        started, fetched_at = time.monotonic(), now_text()
        table = f"r_{reflection.id.replace('-', '')}_{int(time.time() * 1000)}"
        query, sort, partitions = materialisation_query(reflection.body, path)
        rows = self._tables.materialise(table, query, partitions, sort)
        duration = int((time.monotonic() - started) * 1000)
        current = self.get(reflection.id)
        if current.tag != reflection.tag:
            self._drop_table(table)
            return
        self._set_status(
            reflection.id,
            refreshing=False,
            table=table,
            last_data_fetch=fetched_at,
            rows=rows,
            failures=0,
            failure=None,
            duration_ms=duration,
            last_refresh_finished=now_text(),
        )
        self._drop_table(current.status.table)
        LOG.info("reflection %s on %s: %d rows in %d ms", reflection.name, dotted(path), rows, duration)

    def _set_status(self, reflection_id: str, **changes: Any) -> None:
        with self._state.transaction():
            row = self._state.row("select status from reflections where id = ?", reflection_id)
            if row is not None:
                status = replace(Status(**json.loads(row["status"])), **changes)
                self._state.write(
                    "update reflections set status = ? where id = ?", json.dumps(vars(status)), reflection_id
                )

    def _drop_table(self, table: str | None) -> None:
        if table:
            self._tables.drop_materialisation(table)

    def _sweep(self) -> None:
        used = {r.status.table for r in self.all()}
        for schema, name in list(self._lake.tables()):
            if schema == REFLECTION_SCHEMA and name not in used:
                LOG.info("dropping materialisation %s, which no reflection owns", name)
                self._drop_table(name)

    # -- SQL -----------------------------------------------------------------------------------------

    def _create_by_sql(self, command: c.CreateReflection, user: str) -> str:
        body: dict[str, Any] = {
            "type": command.type,
            "name": command.name,
            "datasetId": self._catalog.dataset_id(command.path),
            "enabled": True,
            "displayFields": [{"name": n} for n in command.display],
            "dimensionFields": [{"name": n, "granularity": g} for n, g in command.dimensions],
            "measureFields": [
                {"name": n, "measureTypeList": list(k) or ["SUM", "COUNT"]} for n, k in command.measures
            ],
            "partitionFields": [
                {"name": p.column, "transform": {"type": p.transform.upper()}} for p in command.partitions
            ],
            "sortFields": [{"name": n} for n in command.sort],
        }
        self.create(body)
        return f"Reflection [{command.name}] added"

    def _drop_by_sql(self, command: c.DropReflection, user: str) -> str:
        for reflection in self.of_dataset(self._catalog.dataset_id(command.path)):
            if reflection.name.lower() == command.name.lower():
                self.delete(reflection.id)
                return f"Reflection [{command.name}] dropped"
        raise InvalidStatement(f"Reflection [{command.name}] not found on [{dotted(command.path)}].")

    def _refresh_by_sql(self, command: c.RefreshReflections, user: str) -> str:
        self.refresh_dataset(command.path)
        return f"Table [{dotted(command.path)}] reflections are queued for refresh."
