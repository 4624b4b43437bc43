"""One round of the watch: look, judge, repair, tell."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Protocol

from lakehouse.observe.watch import service, stuck
from lakehouse.observe.watch.look import WatchedAirflow, look, look_closer
from lakehouse.observe.watch.repair import (
    RepairedAirflow,
    resolve_the_rest,
    tell_and_repair,
    tell_repaired,
)
from lakehouse.observe.watch.seen import Seen
from lakehouse.observe.watch.starts import judge, repaired, suspects
from lakehouse.observe.watch.trouble import Fail, Trouble
from lakehouse.platform.database import PostgresConnections

log = logging.getLogger(__name__)

RULES = (
    service.paused_stages,
    service.nights_not_started,
    service.missing_dags,
    service.silent_components,
    service.pile_of_partitions,
    stuck.stranded_runs,
    stuck.runs_stuck_in_the_queue,
    stuck.idle_runs,
    stuck.waiting_tasks,
)
"""What is judged from one look alone."""


class Airflow(WatchedAirflow, RepairedAirflow, Protocol):
    """All that a round asks of Airflow."""


def watch(api: Airflow, postgres: PostgresConnections, now: datetime) -> list[str]:
    """Go one round; a line for each thing found, with what was done about it.

    Raises:
        AirflowApiError: Airflow does not answer, or refuses to tell.
        LedgerMissingError, PlatformDatabaseUnavailableError: nothing could be told.
    """
    seen = look(api, now)
    troubles = find(api, seen)
    lines = []
    for trouble in troubles:
        done = tell_and_repair(api, postgres, trouble)
        lines.append(f"{trouble.finding.kind}: {trouble.finding.summary}: {done or 'told'}")
        log.warning("%s", lines[-1])
    resolve_the_rest(postgres, [trouble.finding for trouble in troubles])
    tell_repaired(postgres, repaired(seen))
    return lines


def find(api: WatchedAirflow, seen: Seen) -> list[Trouble]:
    """Everything that is wrong. Of a date only the first stage is started: the others follow it."""
    found = [trouble for rule in RULES for trouble in rule(seen)]
    follows = {
        (each.repair.then.dag_id, each.repair.then.partition_key)
        for each in found
        if isinstance(each.repair, Fail) and each.repair.then
    }
    for suspect in suspects(seen):  # in the plan's order
        stage, key = suspect.stage, suspect.partition_key
        if any((name, key) in follows for name in (stage.name, *stage.waits_for)):
            follows.add((stage.name, key))
        elif trouble := judge(look_closer(api, suspect), seen):
            follows.add((stage.name, key))
            found.append(trouble)
    return found
