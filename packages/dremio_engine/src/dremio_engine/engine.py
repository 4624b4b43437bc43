"""The composition root: every object of the engine made once, each from those it needs.

The order of the lines means nothing beyond that a name is used after it was made: no object is changed
afterwards, and nothing here opens a file of tables or starts a thread before `open`.
"""

from dremio_engine.access.accounts import Accounts
from dremio_engine.access.commands import AccessCommands
from dremio_engine.access.control import AccessControl
from dremio_engine.access.identity import Identity
from dremio_engine.access.statements import StatementAccess
from dremio_engine.access.tables import access_tables
from dremio_engine.access.visibility import VisibleTables
from dremio_engine.catalog.containers import Containers
from dremio_engine.catalog.function_store import FunctionStore
from dremio_engine.catalog.inventory import Inventory
from dremio_engine.catalog.notes import Notes
from dremio_engine.catalog.planner import Planner, nobody_is_member
from dremio_engine.catalog.promotions import Promotions
from dremio_engine.catalog.resolver import Resolver, SystemRelations
from dremio_engine.catalog.sources import Sources
from dremio_engine.catalog.store import EntityStore
from dremio_engine.catalog.views import Views
from dremio_engine.jobs.book import JobBook
from dremio_engine.jobs.chain import StatementChain
from dremio_engine.jobs.jobs import Jobs
from dremio_engine.jobs.runner import Runner
from dremio_engine.jobs.tables import job_tables
from dremio_engine.lake.database_tables import DatabaseTables
from dremio_engine.lake.lake import Lake
from dremio_engine.lake.retention import Retention
from dremio_engine.lake.source_watch import SourceWatch
from dremio_engine.reflections.acceleration import Acceleration
from dremio_engine.reflections.freshness import Freshness
from dremio_engine.reflections.lineage import Lineage
from dremio_engine.reflections.materialise import Materialiser
from dremio_engine.reflections.overview import Overview
from dremio_engine.reflections.policies import Policies
from dremio_engine.reflections.recovery import Recovery
from dremio_engine.reflections.reflections import Reflections
from dremio_engine.reflections.refresh import Refresher
from dremio_engine.reflections.statements import ReflectionStatements
from dremio_engine.reflections.store import ReflectionStore
from dremio_engine.reflections.tables import reflection_tables
from dremio_engine.reflections.usage import Usage
from dremio_engine.reflections.versions import Versions
from dremio_engine.rest.services import Services
from dremio_engine.settings import Settings
from dremio_engine.state import StateFile
from dremio_engine.tables.catalog_statements import CatalogStatements
from dremio_engine.tables.copy_statements import CopyStatements
from dremio_engine.tables.definition_statements import DefinitionStatements
from dremio_engine.tables.function_statements import FunctionStatements
from dremio_engine.tables.handlers import merged
from dremio_engine.tables.information_schema import InformationSchema
from dremio_engine.tables.system_tables import Makers, SystemTables, engine_tables
from dremio_engine.tables.table_statements import TableStatements


class Engine:
    """Open it once, close it once; in between both protocols use its services."""

    def __init__(self, settings: Settings) -> None:
        settings.state_dir.mkdir(parents=True, exist_ok=True)
        enterprise = settings.edition == "enterprise"

        # What lies on disk.
        state = StateFile(settings.state_dir / "state.sqlite")
        lake = Lake(settings.state_dir, settings.memory_limit, settings.threads, settings.spill_limit)
        databases = DatabaseTables(lake)
        store = EntityStore(state)
        inventory = Inventory(store, lake, databases)
        sources = Sources(store, lake, settings.nas_root)
        containers = Containers(store, lake)

        # Who may do what.
        identity = Identity(state, settings.token_seconds)
        access = AccessControl(state, enterprise, settings.user)
        accounts = Accounts(identity, access, containers, settings.user)

        # What is known of jobs and reflections without running any.
        book = JobBook(state, settings)
        usage, versions = Usage(), Versions()
        kept = ReflectionStore(state)
        lineage = Lineage(inventory, lake)
        policies = Policies(kept, inventory, lineage)
        freshness = Freshness(kept, lineage, versions, lake, policies)
        overview = Overview(kept, lineage, policies, freshness)

        # The tables that show all this, and so what a name in a query stands for.
        sys_tables: Makers = {
            **engine_tables(settings),
            **access_tables(access, identity.users),
            **job_tables(book),
            **reflection_tables(kept, overview, usage),
        }
        information_schema = InformationSchema(inventory, lake, databases, [name for _, name in sys_tables])
        system: SystemRelations = SystemTables({**information_schema.makers(), **sys_tables})
        functions = FunctionStore(state)
        shown = VisibleTables(system, access) if enterprise else system
        resolver = Resolver(inventory, lake, shown, functions)
        planner = Planner(resolver, lake, access.roles.has_user if enterprise else nobody_is_member)
        views = Views(store, lake, containers, resolver, planner)
        promotions = Promotions(inventory, lake)

        # Reflections at work.
        materialiser = Materialiser(lake, resolver, lineage, versions)
        refresher = Refresher(kept, materialiser, policies, freshness, settings.reflection_poll_seconds)
        reflections = Reflections(kept, inventory, planner, overview, materialiser, refresher)

        # The way of a statement.
        tables = TableStatements(lake, inventory, planner)
        handlers = merged(
            tables.handlers(),
            DefinitionStatements(lake, inventory).handlers(),
            FunctionStatements(functions, planner).handlers(),
            CopyStatements(lake, inventory).handlers(),
            CatalogStatements(inventory, containers, views, promotions, planner, tables).handlers(),
            ReflectionStatements(reflections, inventory).handlers(),
            AccessCommands(access, accounts, identity.users, inventory).handlers(),
        )
        statement_access = StatementAccess(access, inventory, resolver, functions)
        acceleration = Acceleration(resolver, store, lineage, freshness, usage)
        chain = StatementChain(lake, planner, statement_access, acceleration, handlers)
        runner = Runner(chain, settings.result_bytes)
        jobs = Jobs(runner, book, settings)

        self.services = Services(
            settings=settings,
            identity=identity,
            accounts=accounts,
            access=access,
            statement_access=statement_access,
            lake=lake,
            databases=databases,
            inventory=inventory,
            sources=sources,
            containers=containers,
            views=views,
            promotions=promotions,
            notes=Notes(state),
            reflections=reflections,
            runner=runner,
            jobs=jobs,
        )
        self.handlers = handlers
        self.reflection_store = kept
        self.refresher = refresher
        self._state = state
        self._recovery = Recovery(kept, lake, materialiser, refresher)
        self._retention = Retention(lake, settings.old_version_seconds)
        self._source_watch = SourceWatch(lake, sources.open_lake)

    def open(self) -> "Engine":
        """Open the lake, put right what a crash left, and start what runs beside the statements."""
        self.services.accounts.ensure_first_user(self.services.settings.password)
        self.services.sources.open_lake()
        self._recovery.run()
        for part in (self.services.jobs, self.refresher, self._retention, self._source_watch):
            part.start()
        return self

    def close(self) -> None:
        """Cancel what runs, then close both files."""
        self._source_watch.close()
        self._retention.close()
        self.refresher.close()
        self.services.jobs.close()
        self.services.lake.close()
        self._state.close()
