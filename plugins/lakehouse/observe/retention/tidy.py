"""All kinds of things that are kept for some time, in the order in which they are tidied."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lakehouse.bronze.catalogue_refresh import CatalogueRefresher
from lakehouse.bronze.contract_file import load_contracts
from lakehouse.observe.logs.elastic import client_of
from lakehouse.observe.retention.lake_objects import LakeLogs, QuarantineFiles
from lakehouse.observe.retention.landing import LandingFiles
from lakehouse.observe.retention.log_indices import LogIndices
from lakehouse.observe.retention.plan import Applied, Kind, KindPlan, Stores
from lakehouse.observe.retention.policy import KINDS, Policy
from lakehouse.observe.retention.recompression import BronzeCompression
from lakehouse.observe.retention.records import Receipts, TableRows
from lakehouse.observe.retention.services import AirflowDatabase, ScratchFolders, Snapshots
from lakehouse.observe.retention.stream_files import StreamFiles
from lakehouse.platform.database import PostgresConnections, platform_postgres, transaction
from lakehouse.platform.errors import PermanentError
from lakehouse.platform.names import AIRFLOW_DATABASE_CONNECTION, ELASTICSEARCH_CONNECTION
from lakehouse.platform.storage import LakeStorage
from lakehouse.receipts.render import receipts_folder

if TYPE_CHECKING:
    from airflow.sdk import Connection
    from elasticsearch import Elasticsearch

CLOCKS_MAY_DIFFER: Final = timedelta(hours=1)


class ClockError(PermanentError):
    """This machine's clock and PostgreSQL's do not agree, so nobody knows how old anything is."""


class UnknownKindError(PermanentError):
    """There is no kind of that name."""


@dataclass(frozen=True)
class Tidying:
    """Plans and applies a policy."""

    policy: Policy
    kinds: Mapping[str, Callable[[], Kind]]
    postgres: PostgresConnections

    def plan(self, only: Sequence[str] = ()) -> list[KindPlan]:
        """What goes now, by kind; changes nothing.

        Raises:
            UnknownKindError: `only` names a kind there is not.
            ClockError: the clocks do not agree.
        """
        now = trusted_now(self.postgres)
        return [self.kinds[name]().plan(self.policy, now) for name in self.chosen(only)]

    def apply(self, plans: Sequence[KindPlan]) -> list[Applied]:
        """Do what the plans list, and nothing else."""
        return [self.kinds[plan.kind]().apply(plan) for plan in plans]

    def chosen(self, only: Sequence[str]) -> list[str]:
        """The kinds of these names, in the order in which they are tidied; without names all."""
        if unknown := [name for name in only if name not in self.kinds]:
            raise UnknownKindError(
                f"there is no kind {', '.join(map(repr, unknown))}; there are: {', '.join(self.kinds)}"
            )
        return [name for name in self.kinds if not only or name in only]


def of_platform(policy: Policy) -> Tidying:
    """What Airflow's connections lead to; a service is opened when its kind's turn comes."""
    postgres = platform_postgres()

    def stores() -> Stores:
        lake = LakeStorage.from_connection()
        return Stores(postgres, lake, receipts_folder(), Path(tempfile.gettempdir()))

    def bronze() -> Kind:
        from lakehouse.dremio.hook import DremioHook

        own = stores()
        refresher = CatalogueRefresher(DremioHook().get_conn(), postgres, own.lake, load_contracts())
        return BronzeCompression(own, refresher)

    def snapshots() -> Kind:
        from lakehouse.dremio.hook import DremioHook

        return Snapshots(stores(), DremioHook().get_conn())

    makers: dict[str, Callable[[], Kind]] = {
        "landing": lambda: LandingFiles(stores()),
        "bronze": bronze,
        "quarantine": lambda: QuarantineFiles(stores()),
        "stream": lambda: StreamFiles(stores()),
        "logs": lambda: LakeLogs(stores()),
        "log_indices": lambda: LogIndices(elasticsearch),
        "receipts": lambda: Receipts(stores()),
        "tables": lambda: TableRows(stores()),
        "snapshots": snapshots,
        "airflow_database": lambda: AirflowDatabase(stores(), airflow_database()),
        "scratch": lambda: ScratchFolders(stores()),
    }
    return Tidying(policy, {name: makers[name] for name in KINDS}, postgres)


def airflow_database() -> str | None:
    """SQLAlchemy address of Airflow's metadata database, from the Airflow connection; None without one."""
    where = _connection(AIRFLOW_DATABASE_CONNECTION)
    return None if where is None else where.get_uri().replace("postgres://", "postgresql+psycopg2://", 1)


def elasticsearch() -> Elasticsearch | None:
    """A client for the Airflow connection; None without one."""
    where = _connection(ELASTICSEARCH_CONNECTION)
    return None if where is None else client_of(where, where.extra_dejson)


def _connection(conn_id: str) -> Connection | None:
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        return BaseHook.get_connection(conn_id)
    except AirflowNotFoundException:
        return None


def trusted_now(postgres: PostgresConnections) -> datetime:
    """PostgreSQL's time, UTC, if this machine's agrees: a clock that jumped must not make everything old.

    Raises:
        ClockError: they differ by more than CLOCKS_MAY_DIFFER.
    """
    with transaction(postgres) as cursor:
        cursor.execute("select now()")
        theirs: datetime = cursor.fetchone()[0].astimezone(UTC)
    ours = datetime.now(UTC)
    if abs(theirs - ours) > CLOCKS_MAY_DIFFER:
        raise ClockError(
            f"it is {theirs:%Y-%m-%d %H:%M} for PostgreSQL and {ours:%Y-%m-%d %H:%M} here: nothing was "
            "deleted; correct the clock (bin/doctor --only clock)"
        )
    return theirs
