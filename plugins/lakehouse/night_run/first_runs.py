"""Starting the first stages of a night, or joining a night of the date that runs already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Protocol

from lakehouse.night.plan import NIGHT
from lakehouse.night_run.request import EXTRACTS, NightRequest, NightRequestError
from lakehouse.platform.airflow_api import Run


class StartingApi(Protocol):
    """What starting needs of Airflow."""

    def paused_by_dag(self) -> dict[str, bool]: ...

    def runs_of_key(self, dag_id: str, partition_key: str) -> list[Run]: ...

    def trigger(
        self,
        dag_id: str,
        partition_key: str | None = None,
        conf: Mapping[str, Any] | None = None,
        run_id: str | None = None,
    ) -> Run: ...


@dataclass(frozen=True)
class FirstRuns:
    """The runs that a night begins with."""

    runs: dict[str, Run]
    """By stage."""
    joined: str = ""
    """The stage at which a night of the date was running already; empty if this one was started."""


def start_or_join(api: StartingApi, asked: NightRequest, night: date) -> FirstRuns:
    """Start the first stages; if a night of the date is running, follow that one instead.

    Raises:
        AirflowApiError: Airflow does not answer or refuses.
        NightRequestError: a stage is paused, or a running night was started without what is asked for.
    """
    key = night.isoformat()
    _require_unpaused(api, asked)
    running = {stage.name: run for stage in NIGHT if (run := _unfinished(api.runs_of_key(stage.name, key)))}
    if not running:
        return FirstRuns({name: _start(api, name, key, asked) for name in asked.first_stages})
    earliest = next(iter(running))
    if asked.conf:
        wishes = " and ".join(asked.conf)
        raise NightRequestError(
            f"a night of {night} is running (at {earliest}) and was not started with {wishes}: "
            "start this again when it has ended, or leave that out to follow it"
        )
    if earliest not in EXTRACTS:
        return FirstRuns({earliest: running[earliest]}, joined=earliest)
    return FirstRuns({name: _extract(api, name, key, asked) for name in EXTRACTS}, joined=earliest)


def _extract(api: StartingApi, name: str, key: str, asked: NightRequest) -> Run:
    """The extract's part of a running night: it runs, it has succeeded, or nobody has started it."""
    newest = max(api.runs_of_key(name, key), key=lambda run: run.moment, default=None)
    if newest is None or newest.state == "failed":
        return _start(api, name, key, asked)
    return newest


def _start(api: StartingApi, name: str, key: str, asked: NightRequest) -> Run:
    # With an id of its own the call may be repeated while Airflow does not answer, and starts one run.
    run_id = f"manual__{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f+00:00}__run_night"
    return api.trigger(name, key, asked.conf, run_id=run_id)


def _unfinished(runs: list[Run]) -> Run | None:
    unfinished = [run for run in runs if not run.has_ended]
    return max(unfinished, key=lambda run: run.moment, default=None)


def _require_unpaused(api: StartingApi, asked: NightRequest) -> None:
    order = [stage.name for stage in NIGHT]
    needed = order[order.index(asked.first_stages[0]) :]
    paused_by_dag = api.paused_by_dag()
    if paused := [name for name in needed if paused_by_dag.get(name)]:
        commands = " && ".join(f"bin/airflow dags unpause {name}" for name in paused)
        raise NightRequestError(
            f"paused, so the night would stop there: {', '.join(paused)}. Switch them on in the list of DAGs, "
            f"or with {commands}"
        )
