"""What Alertmanager sends, who falls silent, and what happens while PostgreSQL is away."""

from __future__ import annotations

import json
import os
import socket
import threading
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from lakehouse.observe.incidents import hearing
from lakehouse.observe.incidents.alertmanager import BadPayloadError, receive
from lakehouse.observe.incidents.finding import FAILED, SILENT, Finding, Severity
from lakehouse.observe.incidents.heartbeats import (
    ALERT_PATH,
    OBSERVER,
    PATIENCE,
    WATCH,
    beat,
    heartbeats,
    is_well,
    retire,
    tell_outside,
    watch_over,
)
from lakehouse.observe.incidents.reading import open_incidents
from lakehouse.observe.incidents.record import resolve_stage, tell
from lakehouse.observe.incidents.rounds import watch_round
from lakehouse.observe.incidents.spool import drain, keep, kept, shout, spool_folder, tell_or_keep
from lakehouse.observe.notify.channel import channel_of
from lakehouse.platform.connections import Connection, DirectPostgres
from tests.observe.incidents.conftest import WebHook

T0 = datetime(2025, 10, 16, 3, 0, tzinfo=UTC)
DAY = date(2025, 10, 16)
MINUTE = timedelta(minutes=1)


def failure(stage: str = "extract_apis", **more: Any) -> Finding:
    fields = {
        "kind": FAILED,
        "root": stage,
        "business_date": DAY,
        "severity": Severity.PAGE,
        "summary": f"stage {stage} failed",
        "event_id": f"task/{stage}",
    }
    return Finding(**fields | more)


def payload(name: str, status: str = "firing", starts: str = "2025-10-16T02:30:00Z", **labels: str) -> dict:
    alert = {
        "status": status,
        "labels": {"alertname": name, "severity": "page", **labels},
        "annotations": {"summary": f"{name} says so", "runbook_url": "docs/runbooks/alerts.md"},
        "startsAt": starts,
        "fingerprint": name + json.dumps(labels),
    }
    return {"version": "4", "status": status, "alerts": [alert]}


def only(postgres: DirectPostgres) -> tuple[str, int, int]:
    [found] = open_incidents(postgres)
    return found.root, len(found.causes), len(found.effects)


def test_an_alert_opens_an_incident_and_its_end_resolves_it(postgres: DirectPostgres) -> None:
    assert receive(postgres, payload("DiskFull", bucket="datalake"), T0).told == 1
    receive(postgres, payload("DiskFull", bucket="datalake"), T0 + 5 * MINUTE)
    [found] = open_incidents(postgres)
    assert (found.root, found.summary, found.occurrences) == ("DiskFull", "DiskFull says so", 1)
    assert (
        receive(postgres, payload("DiskFull", "resolved", bucket="datalake"), T0 + 9 * MINUTE).resolved == 1
    )
    assert open_incidents(postgres) == []


def test_alerts_of_a_cause_that_is_known_are_its_effects(postgres: DirectPostgres) -> None:
    tell(postgres, failure(cause_group="connection:shop_api_to_lake"), T0)
    receive(postgres, payload("StageLate", stage="load_bronze", business_date=str(DAY)), T0)
    receive(postgres, payload("SyncFailures", connection="shop_api_to_lake"), T0)
    receive(postgres, payload("DataTooOld", table="gold.orders"), T0)
    root, causes, effects = only(postgres)
    assert (root, causes, effects) == ("extract_apis", 1, 3)
    resolve_stage(postgres, "extract_apis", DAY, "a run", T0 + 2 * MINUTE)
    assert open_incidents(postgres) == []


def test_a_sync_that_its_task_is_about_to_try_again_opens_nothing(postgres: DirectPostgres) -> None:
    young = payload("SyncFailures", starts="2025-10-16T02:55:00.123Z", connection="shop_files_to_lake")
    assert receive(postgres, young, T0).told == 0
    assert open_incidents(postgres) == []
    assert receive(postgres, young, T0 + 30 * MINUTE).told == 1


def test_an_alert_of_another_connection_is_another_cause(postgres: DirectPostgres) -> None:
    tell(postgres, failure(cause_group="connection:shop_api_to_lake"), T0)
    receive(postgres, payload("SyncFailures", connection="shop_files_to_lake"), T0)
    assert [each.root for each in open_incidents(postgres)] == ["extract_apis", "shop_files_to_lake"]


def test_the_task_that_failed_takes_over_what_prometheus_saw_first(postgres: DirectPostgres) -> None:
    receive(postgres, payload("ApiErrors", service="dremio"), T0)
    receive(postgres, payload("SyncFailures", connection="shop_files_to_lake"), T0)
    tell(postgres, failure("transform_marts", cause_group="service:dremio_default"), T0 + MINUTE)
    roots = {each.root: [effect.root for effect in each.effects] for each in open_incidents(postgres)}
    assert roots == {"transform_marts": ["dremio"], "shop_files_to_lake": []}


def test_an_alert_that_first_fires_after_the_fix_belongs_to_what_was_fixed(postgres: DirectPostgres) -> None:
    tell(postgres, failure(cause_group="connection:shop_api_to_lake"), T0)
    resolve_stage(postgres, "extract_apis", DAY, "a run", T0 + MINUTE)
    receive(postgres, payload("SyncFailures", connection="shop_api_to_lake"), T0 + 2 * MINUTE)
    assert open_incidents(postgres) == []
    again = payload("SyncFailures", starts="2025-10-16T04:30:00Z", connection="shop_api_to_lake")
    receive(postgres, again, T0 + 120 * MINUTE)
    assert [each.root for each in open_incidents(postgres)] == ["shop_api_to_lake"]


def test_an_alert_that_lags_behind_the_fix_opens_nothing_and_one_that_stays_does(
    postgres: DirectPostgres,
) -> None:
    tell(postgres, failure(), T0)
    late = payload("DataTooOld", table="gold.orders")
    receive(postgres, late, T0)
    resolve_stage(postgres, "extract_apis", DAY, "a run", T0 + 10 * MINUTE)
    receive(postgres, late, T0 + 15 * MINUTE)
    assert open_incidents(postgres) == []
    receive(postgres, late, T0 + 60 * MINUTE)
    assert only(postgres) == ("gold.orders", 1, 0)
    receive(postgres, payload("DataTooOld", "resolved", table="gold.orders"), T0 + 70 * MINUTE)
    assert open_incidents(postgres) == []


@pytest.mark.parametrize(
    "sent", [None, [], "x", {}, {"alerts": {}}, {"alerts": ["x"]}, {"alerts": [{"labels": {}}]}]
)
def test_what_alertmanager_does_not_send_is_refused(postgres: DirectPostgres, sent: object) -> None:
    with pytest.raises(BadPayloadError):
        receive(postgres, sent, T0)
    assert open_incidents(postgres) == []


def test_the_watchdog_shows_that_the_alert_path_lives(postgres: DirectPostgres) -> None:
    assert receive(postgres, payload("Watchdog"), T0).watchdogs == 1
    assert [(each.name, each.beaten_at) for each in heartbeats(postgres)] == [(ALERT_PATH, T0)]
    assert open_incidents(postgres) == []


@pytest.mark.parametrize("name", sorted(PATIENCE))
def test_who_falls_silent_is_told_once_and_resolved_by_its_next_sign(
    postgres: DirectPostgres, name: str
) -> None:
    beat(postgres, name, T0)
    quiet = T0 + PATIENCE[name]
    long_ago = T0 - timedelta(days=1)
    assert watch_over(postgres, [name], long_ago, quiet) == []
    assert is_well(postgres, quiet)
    for minutes in (1, 6, 20):
        assert len(watch_over(postgres, [name], long_ago, quiet + minutes * MINUTE)) == 1
    [found] = open_incidents(postgres)
    assert (found.kind, found.root, found.occurrences) == (SILENT, name, 1)
    assert found.command
    assert not is_well(postgres, quiet + MINUTE)
    beat(postgres, name, quiet + 30 * MINUTE)
    assert watch_over(postgres, [name], long_ago, quiet + 30 * MINUTE) == []
    assert open_incidents(postgres) == []


def test_who_was_never_there_or_was_stopped_on_purpose_is_not_missed(postgres: DirectPostgres) -> None:
    beat(postgres, OBSERVER, T0)
    watch_over(postgres, [OBSERVER, WATCH], T0, T0 + 60 * MINUTE)
    assert [each.root for each in open_incidents(postgres)] == [OBSERVER]
    retire(postgres, OBSERVER)
    assert open_incidents(postgres) == []
    assert watch_over(postgres, [OBSERVER, WATCH], T0, T0 + 99 * MINUTE) == []


def test_after_a_night_with_everything_off_everybody_gets_time_to_come_up(postgres: DirectPostgres) -> None:
    for name in (OBSERVER, WATCH):
        beat(postgres, name, T0)
    back = T0 + timedelta(hours=9)
    assert watch_over(postgres, [WATCH], back, back + MINUTE) == []
    watch_round(postgres, back)
    assert open_incidents(postgres) == [], "the watch itself was away"
    for minutes in (5, 10):
        watch_round(postgres, back + minutes * MINUTE)
    assert [each.root for each in open_incidents(postgres)] == [OBSERVER]


def test_a_clock_that_was_set_back_silences_nobody(postgres: DirectPostgres) -> None:
    beat(postgres, OBSERVER, T0 + timedelta(days=1))
    assert watch_over(postgres, [OBSERVER], T0 - timedelta(days=1), T0) == []


@pytest.mark.parametrize("status", [200, 503])
def test_the_service_outside_is_asked_for(status: int) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Not on the test's screen."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    assert tell_outside(f"http://127.0.0.1:{server.server_port}/ping") is (status == 200)
    thread.join()
    server.server_close()
    assert not tell_outside(f"http://127.0.0.1:{server.server_port}/ping"), "nobody listens"


class Away:
    """A PostgreSQL that is down."""

    def get_conn(self) -> Any:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            where = Connection("127.0.0.1", closed.getsockname()[1], "platform", "platform", "x")
            return DirectPostgres(where).get_conn()


def test_while_postgresql_is_away_people_hear_once_and_nothing_is_lost(
    postgres: DirectPostgres, web_hook: WebHook
) -> None:
    channel = web_hook.channel()
    stages = ("extract_postgres", "extract_apis", "load_bronze")
    group = "service:platform_postgres"
    for stage in stages:
        assert not tell_or_keep(Away(), failure(stage, cause_group=group), channel)
    assert web_hook.titles == ["[lakehouse] PAGE: the platform's PostgreSQL is away"]
    assert len(list(kept())) == 3
    assert drain(postgres) == 3
    assert list(kept()) == []
    [found] = open_incidents(postgres)
    assert (found.cause_group, found.occurrences) == (group, 3)
    assert drain(postgres) == 0


def test_what_waits_is_told_and_sent_by_the_next_round(postgres: DirectPostgres, tmp_path: Path) -> None:
    keep(failure())
    watch_round(postgres)
    assert [each.root for each in open_incidents(postgres)] == ["extract_apis"]
    [line] = (tmp_path / "alerts.jsonl").read_text().splitlines()
    assert json.loads(line)["title"] == "[lakehouse] PAGE: extract_apis 2025-10-16 failed"


def test_a_file_that_cannot_be_read_is_set_aside_and_the_others_told(postgres: DirectPostgres) -> None:
    keep(failure())
    (spool_folder() / "0-broken.json").write_text("{half")
    assert drain(postgres) == 1
    assert [each.suffix for each in spool_folder().iterdir()] == [".unreadable"]


def test_what_is_kept_holds_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    path = keep(failure(error="refused postgresql://shop:hunter2hunter2@db/shop"))
    assert path is not None
    assert "hunter2hunter2" not in path.read_text()


def test_a_stamp_of_the_future_silences_nobody(web_hook: WebHook, tmp_path: Path) -> None:
    assert shout("away", web_hook.channel())
    assert not shout("away", web_hook.channel())
    later = datetime.now(UTC).timestamp() + 86_400
    os.utime(spool_folder() / "told-without-database", (later, later))
    assert shout("away", web_hook.channel())


def test_a_server_hands_over_and_a_task_waits_no_longer_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    held, done = threading.Event(), threading.Event()
    began = datetime.now(UTC)

    def waits() -> None:
        held.wait(30)

    def waits_and_says_so() -> None:
        held.wait(30)
        done.set()

    hearing._do(waits, wait_seconds=0.2)
    hearing._do(waits_and_says_so)
    assert datetime.now(UTC) - began < timedelta(seconds=10)
    held.set()
    assert done.wait(30)


def test_one_channel_may_name_several_notifiers() -> None:
    urls = "json://127.0.0.1:1/a file:///tmp/x.jsonl,json://127.0.0.1:1/b"
    channel = channel_of(Connection(password=f"heartbeat+https://hc-ping.com/x {urls}"))
    assert [each.kind for each in channel.targets] == ["json", "file", "json"]
    assert channel.heartbeat_url == "https://hc-ping.com/x"
    assert channel_of(Connection(password=urls)).heartbeat_url is None
    extra = {"heartbeat_url": "https://hc-ping.com/y"}
    assert channel_of(Connection(password=urls, extra=extra)).heartbeat_url == "https://hc-ping.com/y"
