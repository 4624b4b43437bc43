"""The engine's rooms put together; both protocols hold one of these."""

import pyarrow as pa

from embedded.dremio.access.identity import Identity
from embedded.dremio.catalog.catalog import Catalog
from embedded.dremio.catalog.entities import Entity, Kind
from embedded.dremio.catalog.notes import Notes
from embedded.dremio.catalog.store import EntityStore
from embedded.dremio.catalog.system_tables import VERSION, SystemTables
from embedded.dremio.jobs.execute import Executor
from embedded.dremio.jobs.jobs import Jobs
from embedded.dremio.lake.lake import Lake
from embedded.dremio.lake.retention import Retention
from embedded.dremio.reflections.reflections import Reflections
from embedded.dremio.settings import Settings
from embedded.dremio.state import StateFile


class Engine:
    """Open on construction; `close` leaves nothing running."""

    version = VERSION

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        folder = settings.state_dir
        folder.mkdir(parents=True, exist_ok=True)
        self._state = StateFile(folder / "state.sqlite")
        self.identity = Identity(self._state, settings.token_seconds)
        self.identity.ensure_user(settings.user, settings.password)
        self.lake = Lake(folder, settings.memory_limit, settings.threads)
        self.catalog = Catalog(EntityStore(self._state), self.lake, settings.nas_root)
        self.system_tables = SystemTables(self.catalog, self.lake)
        self.catalog.system_table = self.system_tables.relation
        self.notes = Notes(self._state)
        self._ensure_home(settings.user)
        self.catalog.open()
        self._executor = executor = Executor(
            self.lake, self.catalog, self.system_tables, settings.result_bytes
        )
        self.jobs = Jobs(executor, settings)
        self.reflections = Reflections(self._state, self.catalog, self.lake, executor.tables)
        self.reflections.join(executor, self.system_tables)
        self._retention = Retention(self.lake, settings.old_version_seconds)
        self._retention.start()

    def shape_of(self, sql: str) -> pa.Schema:
        """The Arrow schema of a query's result."""
        return self._executor.run(f"select * from ({sql}) as q limit 0", (), self.settings.user).table.schema

    def _ensure_home(self, user: str) -> None:
        if self.catalog.store.by_path((f"@{user}",)) is None:
            self.catalog.store.add(Entity(Kind.SPACE, (f"@{user}",), {"home": True}))

    def close(self) -> None:
        """Cancel what runs, then close both files."""
        self._retention.close()
        self.reflections.close()
        self.jobs.close()
        self.lake.close()
        self._state.close()
