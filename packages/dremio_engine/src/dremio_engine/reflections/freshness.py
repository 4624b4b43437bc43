"""Which materialisations hold exactly what their datasets hold, in the snapshot of one transaction."""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime

from dremio_engine.errors import NotFound
from dremio_engine.lake.cursors import Cursor
from dremio_engine.lake.lake import Lake
from dremio_engine.paths import Path, path_key
from dremio_engine.reflections.lineage import Dataset, Lineage, Unversioned
from dremio_engine.reflections.policies import Policies
from dremio_engine.reflections.status import Reflection, expires_at
from dremio_engine.reflections.store import Materialisation, ReflectionStore
from dremio_engine.reflections.versions import Snapshot, Versions


@dataclass(frozen=True)
class Kept:
    """An enabled reflection, what it has built, and until when that may serve."""

    reflection: Reflection
    made: Materialisation
    expires: datetime | None

    @property
    def path(self) -> Path:
        """The path of its dataset when it was built."""
        return tuple(self.made.paths[self.reflection.dataset_id])


class Freshness:
    """Thread-safe. What is kept is read again after every refresh, versions once a snapshot."""

    def __init__(
        self,
        store: ReflectionStore,
        lineage: Lineage,
        versions: Versions,
        lake: Lake,
        policies: Policies,
    ) -> None:
        self._store, self._lineage, self._versions, self._lake = store, lineage, versions, lake
        self._policies = policies
        self._lock = threading.Lock()
        self._kept: tuple[int, dict[str, list[Kept]]] = (-1, {})

    def kept(self) -> dict[str, list[Kept]]:
        """What is built for enabled reflections, by the key of the dataset's path."""
        changes = self._store.changes
        with self._lock:
            if self._kept[0] == changes:
                return self._kept[1]
        found: dict[str, list[Kept]] = {}
        for reflection in self._store.all():
            made = self._store.current(reflection.id)
            if not reflection.enabled or made is None or made.table is None:
                continue
            try:
                expires = expires_at(reflection.status.last_data_fetch, self._policies.of(reflection))
            except NotFound:
                continue
            kept = Kept(reflection, made, expires)
            found.setdefault(path_key(kept.path), []).append(kept)
        with self._lock:
            self._kept = (changes, found)
        return found

    def snapshot(self, cursor: Cursor) -> Snapshot:
        """The snapshot of the transaction on a cursor."""
        return self._versions.at(cursor)

    def holds(self, kept: Kept, snapshot: Snapshot, known: dict[str, dict[str, Dataset]]) -> bool:
        """Whether a materialisation is exactly its dataset in a snapshot.

        `known` holds what this statement has found below each path.
        """
        if kept.expires is not None and kept.expires <= datetime.now(UTC):
            return False
        key = path_key(kept.path)
        if key not in known:
            known[key] = self._reached(kept.path)
        # All of it again: a name inside a view may stand for another dataset than it did.
        reached = known[key]
        if reached.keys() != kept.made.versions.keys():
            return False
        return all(
            version and snapshot.digest(reached[dataset_id]) == version
            for dataset_id, version in kept.made.versions.items()
        )

    def _reached(self, path: Path) -> dict[str, Dataset]:
        dataset = self._lineage.find(path)
        try:
            return self._lineage.reached(dataset) if dataset else {}
        except Unversioned:
            return {}

    def is_fresh(self, reflection: Reflection) -> bool:
        """Whether it could serve now."""
        for each in [k for group in self.kept().values() for k in group]:
            if each.reflection.id == reflection.id:
                with self._lake.session() as cursor:
                    cursor.execute("begin transaction")
                    return self.holds(each, self._versions.at(cursor), {})
        return False
