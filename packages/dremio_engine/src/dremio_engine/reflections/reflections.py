"""Reflections as clients change them: defined, changed, deleted, asked to refresh.

A materialisation is a DuckLake table in the schema `__accelerator` (`materialise.py`), refreshed by
`refresh.py`, used by `acceleration.py`. Definitions, status and history lie in the state file.
"""

from typing import Any

from dremio_engine.catalog.inventory import Inventory
from dremio_engine.catalog.planner import Planner
from dremio_engine.errors import Conflict
from dremio_engine.paths import Path
from dremio_engine.reflections.definition import REST_MEASURES, completed
from dremio_engine.reflections.materialise import Materialiser
from dremio_engine.reflections.overview import Overview
from dremio_engine.reflections.policy import of_table
from dremio_engine.reflections.refresh import Refresher
from dremio_engine.reflections.status import Reflection, Shown
from dremio_engine.reflections.store import ReflectionStore


class Reflections:
    """Thread-safe."""

    def __init__(
        self, store: ReflectionStore, inventory: Inventory, planner: Planner, overview: Overview,
        materialiser: Materialiser, refresher: Refresher,
    ) -> None:  # fmt: skip
        self._store, self._inventory, self._planner = store, inventory, planner
        self._overview, self._materialiser, self._refresher = overview, materialiser, refresher

    def all(self) -> list[Reflection]:
        """Every reflection by age."""
        return self._store.all()

    def get(self, reflection_id: str) -> Reflection:
        """One reflection. Raises NotFound."""
        return self._store.get(reflection_id)

    def of_dataset(self, dataset_id: str) -> list[Reflection]:
        """The reflections on a dataset."""
        return [r for r in self._store.all() if r.dataset_id == dataset_id]

    def show(self, reflection: Reflection) -> Shown:
        """A reflection with where it stands now."""
        return self._overview.show(reflection)

    def set_policy(self, dataset_id: str, policy: dict[str, Any]) -> None:
        """A table's own refresh policy, as the Catalog API writes it. Raises EngineError, Unsupported."""
        of_table(policy)
        self._store.keep_policy(dataset_id, policy)

    def create(self, body: dict[str, Any], measures: tuple[str, ...] = REST_MEASURES) -> Reflection:
        """Keep a definition and start its first refresh. Raises Conflict, EngineError.

        `measures` are the kinds of a measure that names none.
        """
        made = self._store.add(self._completed(body, str(body.get("datasetId")), measures))
        if made.enabled:
            self._refresher.request(made)
        return self._store.get(made.id)

    def change(self, reflection_id: str, body: dict[str, Any]) -> Reflection:
        """Replace a definition; what it had materialised no longer serves. Raises Conflict on an old tag."""
        current = self._store.get(reflection_id)
        if body.get("tag") != current.tag:
            raise Conflict(f"Tag [{body.get('tag')}] is not the newest of reflection [{current.name}].")
        merged = self._completed({**body, "datasetId": current.dataset_id}, current.dataset_id)
        before = self._store.current(reflection_id)
        changed = self._store.replace(current, merged)
        if before is not None and before.table:
            self._materialiser.drop(before.table)
        if changed.enabled:
            self._refresher.request(changed)
        return self._store.get(reflection_id)

    def delete(self, reflection_id: str) -> None:
        """Forget a reflection and drop what it materialised. Raises NotFound."""
        self._store.get(reflection_id)
        before = self._store.current(reflection_id)
        self._store.remove(reflection_id)
        if before is not None and before.table:
            self._materialiser.drop(before.table)

    def refresh_dataset(self, path: Path) -> None:
        """Refresh every enabled reflection on a dataset and on the views made of it."""
        dataset = self._inventory.dataset_id(path)
        for reflection in self._store.all():
            if reflection.enabled and self._overview.stands_on(reflection, dataset):
                self._refresher.request(reflection)

    def _completed(
        self, body: dict[str, Any], dataset_id: str, measures: tuple[str, ...] = REST_MEASURES
    ) -> dict[str, Any]:
        path = self._inventory.dataset_by_id(dataset_id)
        return completed(body, self._planner.columns(path), measures)
