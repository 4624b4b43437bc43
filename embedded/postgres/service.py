"""PostgreSQL as a service of the platform."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from embedded.postgres.cluster import Cluster
from embedded.settings import HOST, Settings
from embedded.stack.service import Program, Service

DATABASES = ("airflow", "superset", "platform")
"""Of the platform itself; what else the cluster holds is a source."""


def cluster(settings: Settings, secret: Mapping[str, str], sources: Sequence[str] = ()) -> Cluster:
    """This platform's cluster, with one role per database: its own, and those of these sources."""
    return Cluster(
        folder=settings.service_dir("postgres"),
        port=settings.port("POSTGRES"),
        password=secret["POSTGRES_PASSWORD"],
        databases={name: secret[f"{name.upper()}_PG_PASSWORD"] for name in (*DATABASES, *sources)},
    )


def postgres(settings: Settings, ours: Cluster) -> Service:
    server = Program(
        name="postgres",
        argv=ours.command(),
        stop_signal="INT",  # fast shutdown: disconnect the clients, write everything, leave
        stop_seconds=30,
        signal_whole_group=False,
    )
    return Service(
        name="postgres",
        title="PostgreSQL 16",
        address=f"{HOST}:{settings.port('POSTGRES')}",
        ports=("POSTGRES",),
        programs=(server,),
        prepare=ours.prepare,
        check=ours.check,
        complete=ours.complete,
        start_seconds=120,
    )
