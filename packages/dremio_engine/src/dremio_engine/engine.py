"""The engine's rooms put together; both protocols hold one of these."""

import pyarrow as pa

from dremio_engine.access.commands import AccessCommands
from dremio_engine.access.control import AccessControl
from dremio_engine.access.identity import Identity
from dremio_engine.access.roles import USER
from dremio_engine.access.statements import StatementAccess
from dremio_engine.access.tables import access_tables
from dremio_engine.access.users import User
from dremio_engine.access.visibility import filtered
from dremio_engine.catalog.catalog import Catalog
from dremio_engine.catalog.entities import Entity, Kind, Path
from dremio_engine.catalog.notes import Notes
from dremio_engine.catalog.store import EntityStore
from dremio_engine.catalog.system_tables import VERSION, SystemTables
from dremio_engine.errors import EngineError
from dremio_engine.jobs.execute import Executor
from dremio_engine.jobs.jobs import Jobs
from dremio_engine.jobs.tables import recent_jobs, running_jobs
from dremio_engine.lake.lake import Lake
from dremio_engine.lake.retention import Retention
from dremio_engine.lake.source_watch import SourceWatch
from dremio_engine.reflections.reflections import Reflections
from dremio_engine.settings import Settings
from dremio_engine.sql.commands import AccessStatement, CreateView
from dremio_engine.state import StateFile


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
        self.lake = Lake(folder, settings.memory_limit, settings.threads, settings.spill_limit)
        self.catalog = Catalog(EntityStore(self._state), self.lake, settings.nas_root)
        self.system_tables = SystemTables(self.catalog, self.lake)
        self.system_tables.show_options(settings)
        self.catalog.system_table = self.system_tables.relation
        self.notes = Notes(self._state)
        self._ensure_home(settings.user)
        self.catalog.open()
        self._executor = executor = Executor(
            self.lake, self.catalog, self.system_tables, settings.result_bytes
        )
        self.access = AccessControl(self._state, settings.edition == "enterprise", settings.user)
        if settings.edition == "enterprise":
            self.catalog.is_member = self.access.roles.has_user
        self._statements = statements = StatementAccess(self.access, self.catalog)
        executor.authorize, executor.record = statements.check, statements.record
        self._access_commands = AccessCommands(self.access, self.identity, self.catalog)
        self._access_commands.create_user = self.create_user
        self._access_commands.delete_user = lambda name, by: self.delete_user(
            self.identity.users.by_name(name), by
        )
        if self.access.enforced:
            self.catalog.system_table = filtered(self.system_tables.relation, self.access)
        executor.handlers[AccessStatement] = self._access_commands.run
        self.system_tables.extra.update(access_tables(self.access, self.identity.users))
        self.jobs = Jobs(executor, settings, self._state)
        self.system_tables.extra[("sys", "jobs")] = lambda: running_jobs(self.jobs.current())
        self.system_tables.extra[("sys", "jobs_recent")] = lambda: recent_jobs(self.jobs.ended())
        self.reflections = Reflections(self._state, self.catalog, self.lake, settings.reflection_poll_seconds)
        self.reflections.join(executor, self.system_tables)
        self._retention = Retention(self.lake, settings.old_version_seconds)
        self._retention.start()
        self._source_watch = SourceWatch(self.lake, self.catalog.open)
        self._source_watch.start()

    def shape_of(self, sql: str) -> pa.Schema:
        """The Arrow schema of a query's result."""
        return self._executor.run(f"select * from ({sql}) as q limit 0", (), self.settings.user).table.schema

    def schema_of(self, sql: str, context: Path, user: str) -> pa.Schema:
        """The Arrow schema of a user's statement, without running it."""
        return self._executor.schema(sql, context, user)

    def check_view(self, path: Path, sql: str, context: Path, user: str) -> None:
        """Raises Forbidden unless a user may create this view."""
        self._statements.check(CreateView(path, sql, False), context, user)

    def create_user(self, name: str, first_name: str = "", last_name: str = "", email: str = "") -> User:
        """A user with a home of its own, which it owns."""
        made = self.identity.users.create(name, first_name, last_name, email)
        self._ensure_home(name)
        self.access.own((f"@{name}",), name)
        return made

    def delete_user(self, user: User, by: str) -> None:
        """Forget a user, its tokens, roles and grants; what it owned belongs to `by` from now on."""
        if user.name == self.settings.user:
            raise EngineError(f"User '{user.name}' is the engine's own and cannot be deleted.")
        self.identity.tokens.delete_all(user.name)
        self.identity.users.delete(user)
        self.access.roles.forget_user(user.name)
        self.access.grants.forget_grantee(USER, user.name, by)

    def _ensure_home(self, user: str) -> None:
        if self.catalog.store.by_path((f"@{user}",)) is None:
            self.catalog.store.add(Entity(Kind.SPACE, (f"@{user}",), {"home": True}))

    def close(self) -> None:
        """Cancel what runs, then close both files."""
        self._source_watch.close()
        self._retention.close()
        self.reflections.close()
        self.jobs.close()
        self.lake.close()
        self._state.close()
