"""What only a whole platform can meet: nights beside the stream, a scheduler or a Superset that dies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from lakehouse.dremio.client import DremioClient
from lakehouse.stream.edge import Edge
from testing.programs import SCHEDULERS_WORKER, SUPERSET
from testing.waiting import wait_until
from tests.stream.faults import Fault
from tests.stream.run import CAUGHT_UP_SECONDS, StreamRun
from tests.stream.stream_dag import run_night


def scheduler_is_killed(run: StreamRun) -> str:
    """Airflow's scheduler, and with it the stream's task: another scheduler starts the task again."""
    assert run.platform.programs.kill_parent_of(SCHEDULERS_WORKER) == 1
    run.killed("the scheduler")
    seconds = run.catch_up()
    return f"goes on {seconds:.1f} s later"


def superset_is_down(run: StreamRun) -> str:
    """Nobody can see the dashboard, and the stream goes on; only its last hop cannot be measured."""
    run.platform.services.stop("superset")
    try:
        seconds = run.catch_up()
    finally:
        run.platform.services.up("superset")
    return f"the stream went on, {seconds:.1f} s for all that was open"


def superset_is_killed(run: StreamRun) -> str:
    """Kill -9: it comes back by itself."""
    assert run.platform.programs.kill(SUPERSET) > 0
    run.killed("Superset")
    seconds = run.catch_up()
    wait_until(lambda: run.platform.programs.running(SUPERSET), "Superset is back", 120)
    return f"the stream went on, {seconds:.1f} s for all that was open"


def night_runs_beside(day: date) -> Fault:
    """The night of a date while the stream runs: its orders become cold."""

    def night_runs_beside(run: StreamRun) -> str:
        run_night(run.platform, day)
        run.edge = await_edge(run, day + timedelta(days=1))
        return (
            f"the night of {day} has published, everything before {run.edge} is cold unless it changed since"
        )

    return night_runs_beside


def night_is_replayed(day: date) -> Fault:
    """An earlier night again: the edge stays where it is."""

    def night_is_replayed(run: StreamRun) -> str:
        run.source.across_the_edge(run.edge)
        run_night(run.platform, day)
        assert edge_of(run) == run.edge, "a replay has moved the edge"
        return f"the night of {day} again, the edge is still {run.edge}"

    return night_is_replayed


def edge_of(run: StreamRun) -> date:
    """The business date that the edge stands at, once it has been moved as far as it goes."""
    client: DremioClient = run.platform.dremio
    edge = Edge(client, run.platform.postgres)
    edge.advance()
    return edge.current().business_date


def await_edge(run: StreamRun, day: date) -> date:
    """Until the edge stands there."""
    reached: Callable[[], bool] = lambda: edge_of(run) == day  # noqa: E731
    wait_until(reached, f"the edge is at {day}", CAUGHT_UP_SECONDS, 1)
    return day


WHOLE_PLATFORM: Final = (
    "scheduler_is_killed",
    "superset_is_down",
    "superset_is_killed",
    "night_runs_beside",
    "night_is_replayed",
)
"""The names of the faults of this module."""
