"""Repairing what was found, and telling it: found, fixed, told."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Protocol

from lakehouse.observe.incidents.finding import Finding, Severity
from lakehouse.observe.incidents.record import knows_event, open_members, resolve, tell
from lakehouse.observe.watch.trouble import KINDS, Fail, Start, Trouble
from lakehouse.platform.airflow_http import AirflowApiError, AirflowApiMissingError
from lakehouse.platform.airflow_runs import Run
from lakehouse.platform.database import PostgresConnections

log = logging.getLogger(__name__)

BY: Final = "watch_platform"


class RepairedAirflow(Protocol):
    """What a repair asks of Airflow; `AirflowApi` has it."""

    def trigger(self, dag_id: str, partition_key: str | None = None, *, run_id: str | None = None) -> Run: ...

    def fail(self, run: Run, note: str) -> None: ...

    def delete(self, run: Run) -> None: ...


def repair(api: RepairedAirflow, trouble: Trouble) -> tuple[Finding, str | None]:
    """Carry the repair out; the finding as it is to be told, and what fixed it, or None if nothing has."""
    finding = trouble.finding
    try:
        match trouble.repair:
            case Start() as start:
                return finding, _started(api, start)
            case Fail(run, then):
                done = _failed(api, run, finding.summary)
                return finding, f"{done}, {_started(api, then)}" if then else done
            case None:
                return finding, None
    except AirflowApiError as error:
        log.exception("not repaired: %s", finding.summary)
        words = f"{finding.error or ''}; the repair was refused: {error}".lstrip("; ")
        return replace(finding, severity=Severity.PAGE, error=words), None


def tell_all(postgres: PostgresConnections, told: Sequence[tuple[Finding, str | None]]) -> None:
    """Tell every finding, resolve those that are fixed, and those that are no longer found.

    Raises:
        LedgerMissingError: the tables are not there.
        PlatformDatabaseUnavailableError: PostgreSQL is away; what was repaired stays repaired.
    """
    known = knows_event(postgres, [finding.event_id for finding, _ in told if finding.event_id])
    for finding, fixed_by in told:
        if finding.event_id in known:
            continue
        tell(postgres, finding)
        if fixed_by:
            resolve(postgres, finding.key, fixed_by)
    found = {finding.key for finding, _ in told}
    for member in open_members(postgres):
        if member.kind in KINDS and member.key not in found:
            resolve(postgres, member.key, f"{BY} no longer finds it")


def _started(api: RepairedAirflow, start: Start) -> str:
    run = api.trigger(start.dag_id, start.partition_key, run_id=start.run_id)
    return f"{BY} started {run.dag_id} of {start.partition_key}: run {run.run_id}"


def _failed(api: RepairedAirflow, run: Run, why: str) -> str:
    try:
        api.fail(run, f"{BY}: {why}")
    except AirflowApiMissingError:
        # Its version of the DAG has vanished, so Airflow cannot even end it. It has done nothing.
        api.delete(run)
        return f"{BY} deleted run {run.run_id}, whose version of the DAG is gone"
    return f"{BY} marked run {run.run_id} as failed"
