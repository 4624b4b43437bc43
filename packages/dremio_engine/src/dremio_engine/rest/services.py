"""What the routes need of the engine, handed to the application when it is made."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from dremio_engine.access.accounts import Accounts
from dremio_engine.access.control import AccessControl
from dremio_engine.access.identity import Identity
from dremio_engine.access.statements import StatementAccess
from dremio_engine.catalog.containers import Containers
from dremio_engine.catalog.inventory import Inventory
from dremio_engine.catalog.notes import Notes
from dremio_engine.catalog.promotions import Promotions
from dremio_engine.catalog.sources import Sources
from dremio_engine.catalog.views import Views
from dremio_engine.jobs.jobs import Jobs
from dremio_engine.jobs.runner import Runner
from dremio_engine.lake.database_tables import DatabaseTables
from dremio_engine.lake.lake import Lake
from dremio_engine.reflections.reflections import Reflections
from dremio_engine.settings import Settings


@dataclass(frozen=True)
class Services:
    """One of each, for as long as the engine is open."""

    settings: Settings
    identity: Identity
    accounts: Accounts
    access: AccessControl
    statement_access: StatementAccess
    lake: Lake
    databases: DatabaseTables
    inventory: Inventory
    sources: Sources
    containers: Containers
    views: Views
    promotions: Promotions
    notes: Notes
    reflections: Reflections
    runner: Runner
    jobs: Jobs


def services_of(request: Request) -> Services:
    """The services behind the application that a request came to."""
    services: Services = request.state.services
    return services


async def current_services(request: Request) -> Services:
    """The same as a dependency: a plain function would be run by a thread, which costs more than it does."""
    return services_of(request)


CurrentServices = Annotated[Services, Depends(current_services)]
