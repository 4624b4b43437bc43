"""The stream's lag, measured: what a loop holds of it, from Airflow's connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lakehouse.airbyte.connection_file import read_connection_file
from lakehouse.platform.connections import Connection, DirectPostgres
from lakehouse.platform.database import PostgresConnections
from lakehouse.stream.follower import LagFollower
from lakehouse.stream.newest_tracers import NewestTracersChart
from lakehouse.stream.plan import CONNECTION, STREAMS, TRACER
from lakehouse.stream.tracer import MarkQueue, Objects, Queries, TracerMarks
from lakehouse.superset.client import SupersetClient

if TYPE_CHECKING:
    from airflow.sdk import Connection as AirflowConnection

CHART_SECONDS: Final = 10.0
"""A chart that takes longer counts as away: the tracers go on without it."""
APPLICATION: Final = "lakehouse-stream-lag"


def lag_measurement(
    platform: PostgresConnections, lake: Objects, dremio: Queries
) -> tuple[MarkQueue, LagFollower]:
    """Where to say that a batch has passed a hop, and what commits tracers and watches the chart for them.

    Call it in a task's main thread: only there can Airflow's connections be asked for.

    Args:
        platform: the platform's database.
        lake: the bucket.
        dremio: where the hot tables are.
    """
    from lakehouse.platform.airflow_connections import airflow_connection
    from lakehouse.platform.names import SUPERSET_CONNECTION
    from lakehouse.superset.hook import SupersetHook

    source_id = read_connection_file(CONNECTION).source.airflow_connection
    source = DirectPostgres(_fields(airflow_connection(source_id)), APPLICATION)
    superset: SupersetClient = SupersetHook(SUPERSET_CONNECTION, timeout=CHART_SECONDS).get_conn()
    watched = [stream for stream in STREAMS if stream != TRACER]
    marks = TracerMarks(platform, lake, dremio)
    follower = LagFollower(source, platform, NewestTracersChart(lambda: superset), watched, marks)
    return follower.queue, follower


def _fields(connection: AirflowConnection) -> Connection:
    return Connection(
        host=connection.host or "",
        port=connection.port,
        schema=connection.schema or "",
        login=connection.login or "",
        password=connection.password or "",
        extra=connection.extra_dejson,
    )
