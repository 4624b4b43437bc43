"""What keeps a whole night from running: a pause, a missed start, a missing DAG, a silent component."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from lakehouse.night.plan import NIGHT, Stage, night_window
from lakehouse.observe.incidents.finding import NOT_STARTED, Finding, Severity
from lakehouse.observe.watch.seen import Seen
from lakehouse.observe.watch.trouble import Trouble

START_PATIENCE: Final = timedelta(minutes=15)
"""How long after its planned time a stage that starts by the clock may be missing."""
SILENCE: Final = timedelta(minutes=5)
"""After how long without a sign of life a component of Airflow is told of; Airflow itself says 30 s."""
PARSE_PATIENCE: Final = timedelta(minutes=10)
"""How long after its start Airflow may not know every DAG yet."""
IN_SERVICE: Final = timedelta(days=7)
"""A platform whose night ran by the clock within this time is expected to run it again."""
_WITHOUT: Final = {
    "triggerer": "without a triggerer no deferred task goes on",
    "dag_processor": "without a DAG processor no change of a DAG is seen, and no callback of a run is made",
}
MOST_PENDING: Final = 400
"""Airflow 3.3.2 looks at the 500 oldest pending partitions only (MAX_PARTITION_DAG_RUNS_PER_LOOP): one that
can never be completed stays at the head, and 500 of them stop every stage."""


def paused_stages(seen: Seen) -> list[Trouble]:
    """Stages that are paused in the night's window, or while a run of theirs waits: told, not changed.

    Somebody may have paused the stage for a reason that no rule knows (decision 0026).
    """
    opens, closes = night_window(seen.now.date())
    stages = [stage for stage in NIGHT if seen.paused.get(stage.name)]
    tonight = opens <= seen.now <= closes and _is_in_service(seen)
    found = []
    for stage in stages:
        waiting = [run for run in seen.unfinished if run.dag_id == stage.name and run.state == "queued"]
        if not tonight and not waiting:
            continue
        dates = sorted({run.partition_key or "no date" for run in waiting})
        date = seen.now.date() if tonight else seen.date_of(waiting[0])
        held_up = f"; it holds up {', '.join(dates)}" if dates else ""
        found.append(
            Trouble(
                Finding(
                    kind="paused",
                    root=stage.name,
                    business_date=date,
                    severity=Severity.PAGE if tonight else Severity.WARN,
                    summary=f"{stage.name} is paused{' in the night' if tonight else ''}{held_up}",
                    error=f"{len(waiting)} runs are queued",
                    command=f"bin/airflow dags unpause {stage.name} --yes",
                    evidence={"dates": dates},
                )
            )
        )
    return found


def nights_not_started(seen: Seen) -> list[Trouble]:
    """Tonight's stages that start by the clock and did not: told, not started.

    A night that is started hours late is somebody's decision: it may meet users and the sources' own work.
    """
    night = seen.now.date()
    opens, closes = night_window(night)
    expected = [
        stage
        for stage in NIGHT
        if not stage.waits_for
        and seen.knows(stage.name)
        and seen.now >= stage.starts_at(night) + START_PATIENCE
        and not seen.runs(stage.name, night.isoformat())
        and _ran_by_the_clock_before(seen, stage)
    ]
    if not expected or (seen.now <= closes and seen.since(opens) < START_PATIENCE):
        return []
    names = [stage.name for stage in expected]
    return [
        Trouble(
            Finding(
                kind=NOT_STARTED,
                root=names[0],
                business_date=night,
                severity=Severity.PAGE,
                summary=f"the night of {night} has not started: no run of {' and '.join(names)}",
                error=_held_back(seen, names[0]),
                command="; ".join(
                    f"bin/airflow backfill create --dag-id {name} --from-date {night} --to-date {night}"
                    for name in names
                ),
            )
        )
    ]


def missing_dags(seen: Seen) -> list[Trouble]:
    """DAG files that cannot be imported, and stages that Airflow does not know."""
    found = [
        Trouble(
            Finding(
                kind="not_importable",
                root=line.partition(":")[0].rsplit("/", 1)[-1].removesuffix(".py"),
                business_date=None,
                severity=Severity.PAGE,
                summary=f"Airflow cannot import {line.partition(':')[0].rsplit('/', 1)[-1]}",
                error=line,
                command="bin/airflow dags list-import-errors",
            )
        )
        for line in seen.import_errors
    ]
    broken = {each.finding.root for each in found}
    missing = [stage.name for stage in NIGHT if stage.name not in seen.paused and stage.name not in broken]
    if missing and (seen.alive_since is None or seen.now - seen.alive_since >= PARSE_PATIENCE):
        found.append(
            Trouble(
                Finding(
                    kind="missing",
                    root=missing[0],
                    business_date=None,
                    severity=Severity.PAGE,
                    summary=f"Airflow does not know {', '.join(missing)}",
                    error="neither a DAG nor an import error: look at the DAG processor's log",
                    command="bin/airflow dags reserialize",
                )
            )
        )
    return found


def silent_components(seen: Seen) -> list[Trouble]:
    """Components of Airflow that show no sign of life.

    The scheduler is not among them: without it nothing looks (the observer does, from outside).
    """
    found = []
    for name in _WITHOUT:
        beat = seen.heartbeats.get(name)
        if beat is None or seen.now - beat < SILENCE:
            continue
        found.append(
            Trouble(
                Finding(
                    kind="component_silent",
                    root=f"airflow-{name.replace('_', '-')}",
                    business_date=None,
                    severity=Severity.PAGE,
                    summary=f"Airflow's {name.replace('_', ' ')} has been silent "
                    f"since {beat:%d %B %H:%M:%S} UTC",
                    error=_WITHOUT[name],
                    command="make up",
                )
            )
        )
    return found


def pile_of_partitions(seen: Seen) -> list[Trouble]:
    """Pending partitions that will never be complete, before they stop Airflow from starting anything."""
    pending = [each for each in seen.pending or () if each.received < each.required]
    if len(pending) < MOST_PENDING:
        return []
    return [
        Trouble(
            Finding(
                kind="partitions_pile_up",
                root=pending[0].dag_id,
                business_date=None,
                severity=Severity.PAGE,
                summary=f"{len(pending)} dates wait for an asset that does not come; at 500 no stage starts",
                error=f"the oldest is {min(each.partition_key for each in pending)}",
                command="docs/runbooks/watch.md, section `partitions_pile_up`",
            )
        )
    ]


def _is_in_service(seen: Seen) -> bool:
    """Whether a night is expected: one started by the clock lately, or its stages are free to."""
    by_clock = [stage for stage in NIGHT if not stage.waits_for]
    return any(seen.knows(stage.name) or _ran_lately(seen, stage) for stage in by_clock)


def _ran_by_the_clock_before(seen: Seen, stage: Stage) -> bool:
    """Whether the stage was in service before tonight's planned start.

    A platform that was first started at noon has not missed last night.
    """
    if _ran_lately(seen, stage):
        return True
    opens, closes = night_window(seen.now.date())
    return seen.now <= closes and seen.watched_since is not None and seen.watched_since < opens


def _ran_lately(seen: Seen, stage: Stage) -> bool:
    last = seen.last_scheduled.get(stage.name)
    return last is not None and timedelta(0) <= seen.now - last.created_at <= IN_SERVICE


def _held_back(seen: Seen, name: str) -> str:
    for run in seen.unfinished:
        if run.dag_id == name:
            return f"a run of {run.partition_key} is {run.state} ({run.run_id}); a DAG runs once at a time"
    return "nothing holds it back: the scheduler may have been down, or the DAG paused, at the planned time"
