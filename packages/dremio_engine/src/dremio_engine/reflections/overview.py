"""Every reflection with where it stands now: for REST, for system tables, for what refreshes it."""

from dremio_engine.errors import NotFound
from dremio_engine.paths import Path
from dremio_engine.reflections.freshness import Freshness
from dremio_engine.reflections.lineage import Lineage, Unversioned
from dremio_engine.reflections.policies import Policies
from dremio_engine.reflections.policy import RefreshPolicy
from dremio_engine.reflections.status import Reflection, Shown, Standing
from dremio_engine.reflections.store import Materialisation, ReflectionStore


class Overview:
    """Reads only. Thread-safe."""

    def __init__(
        self, store: ReflectionStore, lineage: Lineage, policies: Policies, freshness: Freshness
    ) -> None:
        self._store, self._lineage, self._policies, self._freshness = store, lineage, policies, freshness

    def show(self, reflection: Reflection) -> Shown:
        """A reflection with where it stands now."""
        path = self.path_of(reflection)
        made = self._store.current(reflection.id)
        standing = Standing(
            path=path,
            policy=self._policies.of(reflection) if path else RefreshPolicy(),
            built=made is not None,
            fresh=path is not None and self._freshness.is_fresh(reflection),
            method=made.method if made else "NONE",
        )
        found = self._lineage.find(path) if path else None
        kind = "VIRTUAL_DATASET" if found and found.is_view else "PHYSICAL_DATASET"
        return Shown(reflection, standing, made.bytes if made else 0, made.rows if made else 0, kind)

    def shown(self) -> list[Shown]:
        """Every reflection with where it stands now."""
        return [self.show(r) for r in self._store.all()]

    def path_of(self, reflection: Reflection) -> Path | None:
        """The path of its dataset; nothing when the dataset is gone."""
        try:
            return self._policies.path_of(reflection)
        except NotFound:
            return None

    def stands_on(self, reflection: Reflection, dataset_id: str) -> bool:
        """Whether a dataset is the reflection's own, or one that it is made of."""
        if reflection.dataset_id == dataset_id:
            return True
        path = self.path_of(reflection)
        dataset = self._lineage.find(path) if path else None
        try:
            return dataset is not None and dataset_id in self._lineage.reached(dataset)
        except Unversioned:
            return False

    def is_stale(self, made: Materialisation) -> bool:
        """Whether what a refresh made may not answer queries any more."""
        try:
            return not self._freshness.is_fresh(self._store.get(made.reflection_id))
        except NotFound:
            return True
