"""Reflections: their definitions, through REST and SQL, and what of them queries may use.

A materialisation is a DuckLake table in the schema `__accelerator` (`materialise.py`), refreshed by
`refresh.py`, used by `acceleration.py`. Definitions, status and history lie in the state file.
"""

import logging
from collections.abc import Callable
from typing import Any

from dremio_engine.catalog.catalog import Catalog
from dremio_engine.catalog.entities import Path, dotted
from dremio_engine.catalog.system_tables import SystemTables
from dremio_engine.errors import Conflict, EngineError, InvalidStatement, NotFound
from dremio_engine.jobs.execute import Executor
from dremio_engine.lake.connection import REFLECTION_SCHEMA
from dremio_engine.lake.lake import Lake
from dremio_engine.reflections import tables
from dremio_engine.reflections.acceleration import Acceleration
from dremio_engine.reflections.freshness import Freshness
from dremio_engine.reflections.lineage import Lineage, Unversioned
from dremio_engine.reflections.materialise import Materialiser
from dremio_engine.reflections.policy import RefreshPolicy, of_source, of_table
from dremio_engine.reflections.refresh import Refresher
from dremio_engine.reflections.shape import validate
from dremio_engine.reflections.status import Reflection, Shown, Standing
from dremio_engine.reflections.store import Materialisation, ReflectionStore
from dremio_engine.reflections.versions import Versions
from dremio_engine.sql import commands as c
from dremio_engine.state import StateFile

LOG = logging.getLogger(__name__)


class Reflections:
    """Thread-safe."""

    def __init__(self, state: StateFile, catalog: Catalog, lake: Lake, poll_seconds: float) -> None:
        self._catalog, self._lake = catalog, lake
        self.store = ReflectionStore(state)
        self._lineage = Lineage(catalog, lake)
        versions = Versions()
        self._materialiser = Materialiser(lake, catalog, self._lineage, versions)
        self._freshness = Freshness(self.store, self._lineage, versions, lake, self.policy_of)
        self.acceleration = Acceleration(self.store, catalog, self._lineage, self._freshness)
        self.refresher = Refresher(
            self.store, self._materialiser, self._path, self.policy_of, self._freshness.is_fresh, poll_seconds
        )

    def join(self, executor: Executor, system: SystemTables) -> None:
        """Take over the SQL commands and system tables of reflections, and finish what a crash left."""
        handlers: dict[type, Callable[[Any, str], str]] = {
            c.CreateReflection: self._create_by_sql,
            c.DropReflection: self._drop_by_sql,
            c.RefreshReflections: self._refresh_by_sql,
        }
        executor.handlers.update(handlers)
        executor.accelerate = self.acceleration.accelerate
        self._show_tables(system, "sys")
        self._sweep()
        for reflection in self.store.all():
            if reflection.enabled and (
                reflection.status.refreshing or (self._is_missing(reflection) and not reflection.given_up)
            ):
                self.refresher.request(reflection, asked=False)
        self.refresher.start()

    def _show_tables(self, system: SystemTables, schema: str) -> None:
        history = self.store.history
        system.extra[(schema, "reflections")] = lambda: tables.reflections(
            self.shown(), self.acceleration.counts, {m.reflection_id: m.decision for m in history()}
        )
        system.extra[(schema, "materializations")] = lambda: tables.materializations(
            history(), self._is_stale
        )
        system.extra[(schema, "refreshes")] = lambda: tables.refreshes(history())
        system.extra[(schema, "reflection_dependencies")] = lambda: tables.dependencies(history())

    def _is_stale(self, made: Materialisation) -> bool:
        try:
            return not self._freshness.is_fresh(self.store.get(made.reflection_id))
        except NotFound:
            return True

    def close(self) -> None:
        """Let the refresh that runs be cancelled with the lake."""
        self.refresher.close()

    # -- reading -------------------------------------------------------------------------------------

    def all(self) -> list[Reflection]:
        """Every reflection by age."""
        return self.store.all()

    def get(self, reflection_id: str) -> Reflection:
        """One reflection. Raises NotFound."""
        return self.store.get(reflection_id)

    def of_dataset(self, dataset_id: str) -> list[Reflection]:
        """The reflections on a dataset."""
        return [r for r in self.store.all() if r.dataset_id == dataset_id]

    def show(self, reflection: Reflection) -> Shown:
        """A reflection with where it stands now."""
        path = self.path_of(reflection)
        made = self.store.current(reflection.id)
        standing = Standing(
            path=path,
            policy=self.policy_of(reflection) if path else RefreshPolicy(),
            built=made is not None,
            fresh=path is not None and self._freshness.is_fresh(reflection),
            method=made.method if made else "NONE",
        )
        found = self._lineage.find(path) if path else None
        kind = "VIRTUAL_DATASET" if found and found.is_view else "PHYSICAL_DATASET"
        return Shown(reflection, standing, made.bytes if made else 0, made.rows if made else 0, kind)

    def shown(self) -> list[Shown]:
        """Every reflection with where it stands now."""
        return [self.show(r) for r in self.store.all()]

    def path_of(self, reflection: Reflection) -> Path | None:
        """The path of its dataset; nothing when the dataset is gone."""
        try:
            return self._path(reflection)
        except NotFound:
            return None

    def _path(self, reflection: Reflection) -> Path:
        return self._catalog.dataset_by_id(reflection.dataset_id)

    def policy_of(self, reflection: Reflection) -> RefreshPolicy:
        """When it is refreshed and expires: by the tables below it. Raises NotFound."""
        dataset = self._lineage.find(self._path(reflection))
        try:
            reached = self._lineage.reached(dataset) if dataset else {}
        except Unversioned:
            return RefreshPolicy()
        found: RefreshPolicy | None = None
        for each in reached.values():
            if each.is_view:
                continue
            own = self.store.policy(each.id)
            source = self._catalog.store.by_path(each.path[:1])
            try:
                policy = of_table(own) if own else of_source(source.body if source else {})
            except EngineError:
                policy = RefreshPolicy()  # a source may have been kept with one that is not supported
            found = policy if found is None else found.merged(policy)
        return found or RefreshPolicy()

    # -- changing ------------------------------------------------------------------------------------

    def set_policy(self, dataset_id: str, policy: dict[str, Any]) -> None:
        """A table's own refresh policy, as the Catalog API writes it. Raises EngineError, Unsupported."""
        of_table(policy)
        self.store.keep_policy(dataset_id, policy)

    def create(self, body: dict[str, Any]) -> Reflection:
        """Keep a definition and start its first refresh. Raises Conflict, EngineError."""
        path = self._catalog.dataset_by_id(str(body.get("datasetId")))
        validate(body, [name for name, _ in self._catalog.columns(path)])
        made = self.store.add(body)
        if made.enabled:
            self.refresher.request(made)
        return self.store.get(made.id)

    def change(self, reflection_id: str, body: dict[str, Any]) -> Reflection:
        """Replace a definition; what it had materialised no longer serves. Raises Conflict on an old tag."""
        current = self.store.get(reflection_id)
        if body.get("tag") != current.tag:
            raise Conflict(f"Tag [{body.get('tag')}] is not the newest of reflection [{current.name}].")
        merged = {**body, "datasetId": current.dataset_id}
        path = self._catalog.dataset_by_id(current.dataset_id)
        validate(merged, [name for name, _ in self._catalog.columns(path)])
        before = self.store.current(reflection_id)
        changed = self.store.replace(current, merged)
        if before is not None and before.table:
            self._materialiser.drop(before.table)
        if changed.enabled:
            self.refresher.request(changed)
        return self.store.get(reflection_id)

    def delete(self, reflection_id: str) -> None:
        """Forget a reflection and drop what it materialised. Raises NotFound."""
        self.store.get(reflection_id)
        before = self.store.current(reflection_id)
        self.store.remove(reflection_id)
        if before is not None and before.table:
            self._materialiser.drop(before.table)

    def refresh_dataset(self, path: Path) -> None:
        """Refresh every enabled reflection on a dataset and on the views made of it."""
        dataset = self._catalog.dataset_id(path)
        for reflection in self.store.all():
            if reflection.enabled and (
                reflection.dataset_id == dataset or self._is_below(dataset, reflection)
            ):
                self.refresher.request(reflection)

    def _is_below(self, dataset_id: str, reflection: Reflection) -> bool:
        path = self.path_of(reflection)
        dataset = self._lineage.find(path) if path else None
        try:
            return dataset is not None and dataset_id in self._lineage.reached(dataset)
        except Unversioned:
            return False

    # -- after a crash -------------------------------------------------------------------------------

    def _is_missing(self, reflection: Reflection) -> bool:
        """Whether the table it should have is not there: the engine ended between two of its files."""
        made = self.store.current(reflection.id)
        if made is None or made.table is None:
            return made is not None
        missing = (REFLECTION_SCHEMA, made.table.lower()) not in self._lake.tables()
        if missing:
            self.store.retire(reflection.id)
        return missing

    def _sweep(self) -> None:
        used = {made.table for r in self.store.all() if (made := self.store.current(r.id))}
        for schema, name in list(self._lake.tables()):
            if schema == REFLECTION_SCHEMA and name not in used:
                LOG.info("dropping materialisation %s, which no reflection owns", name)
                self._materialiser.drop(name)
        gone = self._materialiser.sweep_files()
        if gone:
            LOG.info("%d files of refreshes that were cut short deleted", gone)

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
