"""What is put right when the engine starts: refreshes and tables that a crash cut short."""

import logging

from dremio_engine.lake.connection import REFLECTION_SCHEMA
from dremio_engine.lake.lake import Lake
from dremio_engine.reflections.materialise import Materialiser
from dremio_engine.reflections.refresh import Refresher
from dremio_engine.reflections.status import Reflection
from dremio_engine.reflections.store import ReflectionStore

LOG = logging.getLogger(__name__)


class Recovery:
    """To be run once, before the first refresh."""

    def __init__(
        self, store: ReflectionStore, lake: Lake, materialiser: Materialiser, refresher: Refresher
    ) -> None:
        self._store, self._lake = store, lake
        self._materialiser, self._refresher = materialiser, refresher

    def run(self) -> None:
        """Delete what no reflection owns, and ask for every refresh that is owed."""
        self._sweep()
        for reflection in self._store.all():
            if reflection.enabled and self._is_owed(reflection):
                self._refresher.request(reflection, asked=False)

    def _is_owed(self, reflection: Reflection) -> bool:
        if reflection.status.refreshing:
            return True
        return self._is_missing(reflection) and not reflection.given_up

    def _is_missing(self, reflection: Reflection) -> bool:
        """Whether the table it should have does not exist: the engine ended between two of its files."""
        made = self._store.current(reflection.id)
        if made is None or made.table is None:
            return made is not None
        missing = (REFLECTION_SCHEMA, made.table.lower()) not in self._lake.tables()
        if missing:
            self._store.retire(reflection.id)
        return missing

    def _sweep(self) -> None:
        used = {made.table for r in self._store.all() if (made := self._store.current(r.id))}
        for schema, name in list(self._lake.tables()):
            if schema == REFLECTION_SCHEMA and name not in used:
                LOG.info("dropping materialisation %s, which no reflection owns", name)
                self._materialiser.drop(name)
        if gone := self._materialiser.sweep_files():
            LOG.info("%d files of refreshes that were cut short deleted", gone)
