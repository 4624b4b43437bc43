"""When each reflection is refreshed and expires, from the tables below its dataset."""

from dremio_engine.catalog.inventory import Inventory
from dremio_engine.errors import EngineError
from dremio_engine.paths import Path
from dremio_engine.reflections.lineage import Lineage, Unversioned
from dremio_engine.reflections.policy import RefreshPolicy, of_source, of_table
from dremio_engine.reflections.status import Reflection
from dremio_engine.reflections.store import ReflectionStore


class Policies:
    """Looked up again each time: a source's settings and a view's tables may change."""

    def __init__(self, store: ReflectionStore, inventory: Inventory, lineage: Lineage) -> None:
        self._store, self._inventory, self._lineage = store, inventory, lineage

    def path_of(self, reflection: Reflection) -> Path:
        """The path of its dataset. Raises NotFound."""
        return self._inventory.dataset_by_id(reflection.dataset_id)

    def of(self, reflection: Reflection) -> RefreshPolicy:
        """The shortest policy of the tables below it. Raises NotFound."""
        dataset = self._lineage.find(self.path_of(reflection))
        try:
            reached = self._lineage.reached(dataset) if dataset else {}
        except Unversioned:
            return RefreshPolicy()
        found: RefreshPolicy | None = None
        for each in reached.values():
            if not each.is_view:
                policy = self._of_table(each.id, each.path)
                found = policy if found is None else found.merged(policy)
        return found or RefreshPolicy()

    def _of_table(self, dataset_id: str, path: Path) -> RefreshPolicy:
        own = self._store.policy(dataset_id)
        source = self._inventory.store.by_path(path[:1])
        try:
            return of_table(own) if own else of_source(source.body if source else {})
        except EngineError:
            return RefreshPolicy()  # a source may have been kept with one that is not supported
