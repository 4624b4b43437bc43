"""The dead man's switch: each part shows that it lives, and others tell when one falls silent.

| part | shows itself | is watched by |
|---|---|---|
| `observer` | its loop, every half minute | the DAG `watch_platform` |
| `watch` | every run of `watch_platform`, every 5 minutes: scheduler and executor work | the observer |
| `scheduler` | Airflow's own health, asked for by the observer | the observer |
| `alert path` | Prometheus's alert Watchdog, which always fires, through Alertmanager | both |

A service outside that is asked for (`heartbeat_url` of the connection `alerts_default`) as long as all of it
lives tells when everything is silent at once.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from lakehouse.observe.incidents.finding import SILENT, Finding, Incident, Severity
from lakehouse.observe.incidents.reading import open_members
from lakehouse.observe.incidents.record import resolve, tell
from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql

log = logging.getLogger(__name__)

OBSERVER: Final = "observer"
WATCH: Final = "watch"
SCHEDULER: Final = "scheduler"
ALERT_PATH: Final = "alert path"
SHIPPER: Final = "log shipper"

PATIENCE: Final[Mapping[str, timedelta]] = {
    OBSERVER: timedelta(minutes=5),
    WATCH: timedelta(minutes=16),
    SCHEDULER: timedelta(minutes=5),
    ALERT_PATH: timedelta(minutes=12),
    SHIPPER: timedelta(minutes=15),
}
"""After how long without a sign a part counts as silent: three of its intervals and a bit, so that a restart
raises no alarm. Alertmanager repeats the Watchdog every five minutes at most."""
_COMMANDS: Final[Mapping[str, str]] = {
    OBSERVER: "OBSERVE=1 make up",
    WATCH: "bin/airflow dags unpause watch_platform --yes && make up",
    SCHEDULER: "make up",
    ALERT_PATH: "OBSERVE=1 make up",
    SHIPPER: "OBSERVE=1 make up",
}
_MEANS: Final[Mapping[str, str]] = {
    OBSERVER: "nobody gathers metrics, resends messages or watches Airflow's scheduler",
    WATCH: "the DAG watch_platform does not run: paused, or Airflow's scheduler or executor does not work",
    SCHEDULER: "Airflow starts nothing: no stage, no retry, no night",
    ALERT_PATH: "no Prometheus alert reaches anybody: Prometheus, Alertmanager or its web hook is down",
    SHIPPER: "no log is shipped to Elasticsearch and the lake; the files keep what is waiting",
}
_ASK_SECONDS: Final = 4


@dataclass(frozen=True)
class Heartbeat:
    """When a part was last seen."""

    name: str
    first_at: datetime
    beaten_at: datetime


def beat(postgres: PostgresConnections, name: str, now: datetime | None = None) -> None:
    """The part of that name lives."""
    with transaction(postgres) as cursor:
        values = {"name": name, "at": now or datetime.now(UTC)}
        cursor.execute(read_sql("postgres/observe/incidents/upsert_heartbeat.sql"), values)


def retire(postgres: PostgresConnections, *names: str) -> None:
    """The parts are stopped on purpose: their silence raises no alarm."""
    with transaction(postgres) as cursor:
        cursor.execute(read_sql("postgres/observe/incidents/delete_heartbeats.sql"), {"names": list(names)})
    for name in names:
        resolve(postgres, _silent(name, None).key, "stopped on purpose")


def heartbeats(postgres: PostgresConnections) -> list[Heartbeat]:
    """All parts that have been seen, by name."""
    with transaction(postgres) as cursor:
        cursor.execute(read_sql("postgres/observe/incidents/select_heartbeats.sql"))
        return [Heartbeat(*row) for row in cursor.fetchall()]


def watch_over(
    postgres: PostgresConnections,
    names: Collection[str],
    watching_since: datetime,
    now: datetime | None = None,
) -> list[Incident]:
    """Tell who of these is silent, resolve for who has come back; the incidents of the silent.

    Args:
        postgres: the platform's database.
        names: whom this process watches. Who has never been seen is not expected.
        watching_since: since when this process has been looking without a break: after a night in which the
            whole machine was off, everybody gets the time to come up.
        now: when.
    """
    at = now or datetime.now(UTC)
    told = {each.key for each in open_members(postgres) if each.kind == SILENT}
    silent = []
    for each in heartbeats(postgres):
        if each.name not in names:
            continue
        finding = _silent(each.name, each.beaten_at)
        # A clock that was set back shows a beat of the future: that one lives.
        quiet = at - max(each.beaten_at, watching_since)
        if quiet > PATIENCE.get(each.name, timedelta(minutes=15)):
            silent.append(tell(postgres, finding, at))
        elif finding.key in told and at - each.beaten_at <= PATIENCE.get(each.name, timedelta(minutes=15)):
            resolve(postgres, finding.key, f"a sign of life of {each.name}", at)
    return silent


def is_well(postgres: PostgresConnections, now: datetime | None = None) -> bool:
    """Does everybody live who has been seen?"""
    at = now or datetime.now(UTC)
    return all(
        at - each.beaten_at <= PATIENCE.get(each.name, timedelta(minutes=15)) for each in heartbeats(postgres)
    )


def tell_outside(url: str) -> bool:
    """Ask for the address that tells a service outside that all is well; was it reached?"""
    import httpx

    try:
        answer = httpx.get(url, timeout=_ASK_SECONDS)
    except httpx.HTTPError as error:
        log.warning("the service outside was not reached: %s", type(error).__name__)
        return False
    if answer.status_code >= 400:
        log.warning("the service outside answered %d", answer.status_code)
    return answer.status_code < 400


def _silent(name: str, last: datetime | None) -> Finding:
    since = "" if last is None else f" since {last.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return Finding(
        kind=SILENT,
        root=name,
        business_date=None,
        severity=Severity.WARN if name == SHIPPER else Severity.PAGE,
        summary=f"no sign of life of the {name}{since}: {_MEANS.get(name, 'it may be down')}",
        command=_COMMANDS.get(name, "make up"),
        evidence={
            "runbook": "docs/runbooks/incidents.md",
            "rerun": "safe: starting what runs changes nothing",
        },
    )
