"""Starting the first stages of a night, or joining a night of the date that runs already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from lakehouse.night.plan import NIGHT
from lakehouse.night_run.request import EXTRACTS, NightRequest, NightRequestError
from lakehouse.platform.airflow_api import Run


class StartingApi(Protocol):
    """What starting needs of Airflow."""

    def paused_by_dag(self) -> dict[str, bool]: ...

    def runs_of_key(self, dag_id: str, partition_key: str) -> list[Run]: ...

    def trigger(
        self, dag_id: str, partition_key: str | None = None, conf: Mapping[str, Any] | None = None
    ) -> Run: ...


@dataclass(frozen=True)
class FirstRuns:
    """The runs that a night begins with."""

    runs: dict[str, Run]
    """By stage."""
    joined: str = ""
    """The stage at which a night of the date was running already; empty if this one was started."""


def start_or_join(
    api: StartingApi, asked: NightRequest, night: date, provision: Callable[[], object] = lambda: None
) -> FirstRuns:
    """Start the first stages; if a night of the date is running, follow that one instead.

    Args:
        api: Airflow.
        asked: what is asked for.
        night: its date.
        provision: brings Airbyte and the lake to what the repository declares; called before the extracts of
            a night that is not running.

    Raises:
        AirflowApiError: Airflow does not answer or refuses.
        NightRequestError: a stage is paused, or a running night was started without what is asked for.
    """
    key = night.isoformat()
    _require_unpaused(api, asked)
    running = {stage.name: run for stage in NIGHT if (run := _unfinished(api.runs_of_key(stage.name, key)))}
    if not running:
        if asked.first in EXTRACTS:
            provision()
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


def newest_runs(api: StartingApi, night: date, run_ids: Mapping[str, str]) -> dict[str, Run]:
    """The runs to follow: those that were started, or what somebody has started in their place since.

    Args:
        api: Airflow.
        night: the business date.
        run_ids: the started runs, by stage.

    Raises:
        AirflowApiError: Airflow does not answer, or refuses.
        NightRequestError: a run was deleted.
    """
    newest: dict[str, Run] = {}
    for name, run_id in run_ids.items():
        runs = api.runs_of_key(name, night.isoformat())
        started = next((run for run in runs if run.run_id == run_id), None)
        if started is None:
            raise NightRequestError(
                f"the run {run_id} of {name} is gone: clear this run from start_or_join_the_night on"
            )
        newest[name] = max((run for run in runs if run.moment >= started.moment), key=lambda run: run.moment)
    return newest


def _start(api: StartingApi, name: str, key: str, asked: NightRequest) -> Run:
    return api.trigger(name, key, asked.conf)


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
            f"paused, so the night would stop there: {', '.join(paused)}. Switch them on in the list of "
            f"DAGs, or with {commands}"
        )
