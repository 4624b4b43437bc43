"""Repairing what was found, and telling it: found, fixed, told."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Protocol

from lakehouse.observe.incidents.finding import Finding, Severity
from lakehouse.observe.incidents.reading import knows_event, open_members
from lakehouse.observe.incidents.record import resolve, resolve_many, tell
from lakehouse.observe.watch.trouble import STATES, Fail, Start, Trouble
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


class RepairRefusedError(Exception):
    """Airflow did not let the repair be made; the message has its words."""


def tell_and_repair(api: RepairedAirflow, postgres: PostgresConnections, trouble: Trouble) -> str | None:
    """Tell what was found, repair it if there is a repair, and resolve it; what was done, None if only told.

    It is told first: a repair that nobody is told of looks like something that never happened.

    Raises:
        LedgerMissingError: the tables are not there; nothing was repaired.
        PlatformDatabaseUnavailableError: PostgreSQL is away; nothing can run without it, and nothing was
            repaired.
    """
    finding = trouble.finding
    tell(postgres, finding)
    try:
        done = repair(api, trouble)
    except RepairRefusedError as error:
        log.exception("not repaired: %s", finding.summary)
        words = f"{finding.error or ''}; the repair was refused: {error}".lstrip("; ")
        tell(postgres, replace(finding, severity=Severity.PAGE, error=words, event_id=None))
        return None
    if done:
        resolve(postgres, finding.key, done)
    return done


def repair(api: RepairedAirflow, trouble: Trouble) -> str | None:
    """Carry the repair out; what was done, None if there is nothing to do without somebody's consent.

    Raises:
        RepairRefusedError: Airflow refuses it.
    """
    try:
        match trouble.repair:
            case Start() as start:
                return _started(api, start)
            case Fail(run, then):
                done = _failed(api, run, trouble.finding.summary)
                return f"{done}, {_started(api, then)}" if then else done
            case None:
                return None
    except AirflowApiError as error:
        raise RepairRefusedError(str(error)) from error


def resolve_the_rest(postgres: PostgresConnections, found: Sequence[Finding]) -> None:
    """Resolve what an earlier round has told and this one does not find."""
    keys = {finding.key for finding in found}
    gone = [each.key for each in open_members(postgres) if each.kind in STATES and each.key not in keys]
    resolve_many(postgres, gone, f"{BY} no longer finds it")


def tell_repaired(postgres: PostgresConnections, repaired: Sequence[tuple[Finding, str]]) -> None:
    """Tell what others have repaired, each once."""
    known = knows_event(postgres, [finding.event_id for finding, _ in repaired if finding.event_id])
    for finding, fixed_by in repaired:
        if finding.event_id not in known:
            tell(postgres, finding)
            resolve(postgres, finding.key, fixed_by)


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
