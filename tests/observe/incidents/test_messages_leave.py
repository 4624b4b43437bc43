"""No message is lost and none comes twice, whatever the notifier does."""

from __future__ import annotations

import json
import socket
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lakehouse.observe.incidents.delivery import deliver_alerts
from lakehouse.observe.incidents.finding import FAILED, Finding, Severity
from lakehouse.observe.incidents.record import acknowledge, resolve, tell
from lakehouse.observe.notify.channel import AlertsChannel, NoNotifierError, Target, channel_of
from lakehouse.observe.notify.outbox import LEASE, MESSAGES_A_MINUTE
from lakehouse.platform.connections import Connection, DirectPostgres
from lakehouse.platform.database import transaction
from tests.observe.incidents.conftest import WebHook

T0 = datetime(2025, 10, 16, 2, 20, tzinfo=UTC)
DAY = date(2025, 10, 16)


def finding(number: int = 0, **more: Any) -> Finding:
    fields = {
        "kind": FAILED,
        "root": f"dag_{'abcdefghijklmnopqrstuvwxyz'[number % 26]}{'x' * (number // 26)}",
        "business_date": None,
        "severity": Severity.WARN,
        "summary": "it failed",
        "error": "ValueError: words of the source",
        "command": "bin/airflow dags clear x",
        "event_id": f"event {number}",
    }
    return Finding(**fields | more)


def outbox(postgres: DirectPostgres) -> list[tuple[str, int, bool]]:
    with transaction(postgres) as cursor:
        cursor.execute(
            "select topic, attempts, delivered_at is not null from alert_outbox order by notice_id"
        )
        return list(cursor.fetchall())


def test_a_message_says_what_failed_and_what_to_type(postgres: DirectPostgres, web_hook: WebHook) -> None:
    tell(postgres, finding(evidence={"task": "work", "attempts": 4, "dashboards": ["Customers"]}), T0)
    assert deliver_alerts(postgres, web_hook.channel(), T0) == 1
    [message] = web_hook.taken
    assert message["title"] == "[lakehouse] WARN: dag_a failed"
    lines = message["message"].splitlines()
    assert lines[0] == "it failed"
    assert "Task: work (attempt 4)" in lines
    assert "Error: ValueError: words of the source" in lines
    assert "Dashboards affected: Customers" in lines
    assert "Fix: bin/airflow dags clear x" in lines
    assert lines[-1].startswith("Message id: ")
    assert deliver_alerts(postgres, web_hook.channel(), T0 + timedelta(hours=1)) == 0


@pytest.mark.parametrize("status", [500, 503, 429, 404])
def test_a_notifier_that_refuses_costs_a_growing_pause_and_no_message(
    postgres: DirectPostgres, web_hook: WebHook, status: int
) -> None:
    tell(postgres, finding(), T0)
    web_hook.answers = status
    channel = web_hook.channel()
    assert deliver_alerts(postgres, channel, T0) == 0
    assert deliver_alerts(postgres, channel, T0 + timedelta(seconds=10)) == 0
    assert web_hook.asked == 1, "it is not asked again at once"
    assert deliver_alerts(postgres, channel, T0 + timedelta(seconds=20)) == 0
    assert deliver_alerts(postgres, channel, T0 + timedelta(seconds=40)) == 0
    assert web_hook.asked == 2, "the pause grows"
    with transaction(postgres) as cursor:
        cursor.execute("select last_error from alert_outbox")
        assert "NotifierFailedError: json:" in cursor.fetchone()[0]
    web_hook.answers = 200
    assert deliver_alerts(postgres, channel, T0 + timedelta(hours=2)) == 1
    assert len(web_hook.taken) == 1
    assert outbox(postgres) == [("opened", 3, True)]


def test_a_notifier_that_is_down_gets_the_message_when_it_is_back(postgres: DirectPostgres) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        channel = channel_of(Connection(password=f"json://127.0.0.1:{closed.getsockname()[1]}/"))
        tell(postgres, finding(), T0)
        assert deliver_alerts(postgres, channel, T0) == 0
    assert outbox(postgres) == [("opened", 1, False)]


def test_one_notifier_that_fails_keeps_nothing_from_the_other_nor_sends_it_twice(
    postgres: DirectPostgres, web_hook: WebHook, tmp_path: Path
) -> None:
    file = tmp_path / "alerts.jsonl"
    channel = channel_of(Connection(password=f"{web_hook.url} {file.as_uri()}"))
    web_hook.answers = 500
    tell(postgres, finding(), T0)
    for minutes in (0, 5, 30):
        assert deliver_alerts(postgres, channel, T0 + timedelta(minutes=minutes)) == 0
    assert len(file.read_text().splitlines()) == 1
    web_hook.answers = 200
    assert deliver_alerts(postgres, channel, T0 + timedelta(hours=1)) == 1
    assert (len(web_hook.taken), len(file.read_text().splitlines())) == (1, 1)


def test_who_dies_while_sending_leaves_the_message_to_the_next(
    postgres: DirectPostgres, web_hook: WebHook
) -> None:
    def dies(*_: Any) -> None:
        raise KeyboardInterrupt

    tell(postgres, finding(), T0)
    with pytest.raises(KeyboardInterrupt):
        deliver_alerts(postgres, AlertsChannel([Target("t", "test", dies)]), T0)
    assert deliver_alerts(postgres, web_hook.channel(), T0 + timedelta(seconds=30)) == 0, "it is leased"
    assert deliver_alerts(postgres, web_hook.channel(), T0 + LEASE * 1.01) == 1


def test_a_thousand_causes_in_a_minute_are_one_message_with_their_number(
    postgres: DirectPostgres, web_hook: WebHook
) -> None:
    with transaction(postgres) as cursor:
        cursor.execute(
            "insert into alert_outbox (notice_key, topic, severity, title, body, created_at, not_before) "
            "select 'storm/' || n, 'opened', case when n = 700 then 'page' else 'warn' end, "
            "'cause ' || n, 'body ' || n, %(at)s, %(at)s from generate_series(1, 1000) as n",
            {"at": T0},
        )
    assert deliver_alerts(postgres, web_hook.channel(), T0) == 1000
    [message] = web_hook.taken
    assert message["title"] == "PAGE: 1000 messages at once"
    lines = message["message"].splitlines()
    assert lines[0] == "- cause 700", "the worst comes first"
    assert "- and 980 more" in lines


def test_no_more_than_a_few_messages_leave_in_a_minute(postgres: DirectPostgres, web_hook: WebHook) -> None:
    """Each failing task's process sends at once what it has told."""
    channel = web_hook.channel()
    for number in range(40):
        tell(postgres, finding(number, error=f"Error{'abcd' * (number + 1)}: x"), T0, with_members=False)
        deliver_alerts(postgres, channel, T0 + timedelta(seconds=number / 10))
    assert len(web_hook.taken) == MESSAGES_A_MINUTE
    deliver_alerts(postgres, channel, T0 + timedelta(minutes=2))
    assert web_hook.titles[-1] == f"WARN: {40 - MESSAGES_A_MINUTE} messages at once"
    assert all(delivered for _, _, delivered in outbox(postgres))


def test_repeats_come_as_one_message_with_the_count_of_the_time_it_leaves(
    postgres: DirectPostgres, web_hook: WebHook
) -> None:
    channel = web_hook.channel()
    for number in range(10):
        tell(postgres, finding(event_id=f"again {number}"), T0 + timedelta(minutes=number))
        deliver_alerts(postgres, channel, T0 + timedelta(minutes=number))
    deliver_alerts(postgres, channel, T0 + timedelta(minutes=31))
    assert web_hook.titles == ["[lakehouse] WARN: dag_a failed", "[lakehouse] WARN (repeated): dag_a failed"]
    assert "Count: 10 since 2025-10-16 02:20 UTC" in web_hook.taken[1]["message"]


def test_nobody_is_told_of_repeats_of_what_somebody_has_taken_on_or_is_over(
    postgres: DirectPostgres, web_hook: WebHook
) -> None:
    for number in range(2):
        for again in range(2):
            found = tell(postgres, finding(number, event_id=f"{number} {again}"), T0)
        if number:
            acknowledge(postgres, found.incident_id, "ana", T0)
        else:
            resolve(postgres, finding(number).key, "a run", T0 + timedelta(minutes=1))
    deliver_alerts(postgres, web_hook.channel(), T0 + timedelta(minutes=40))
    assert sorted(web_hook.titles) == [
        "[lakehouse] RESOLVED: dag_a failed",
        "[lakehouse] WARN: dag_a failed",
        "[lakehouse] WARN: dag_b failed",
    ]


def test_a_secret_of_this_platform_never_leaves(
    postgres: DirectPostgres, web_hook: WebHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = "OperationalError: postgresql://shop:hunter2hunter2@db/shop refused; password=hunter2hunter2"
    tell(postgres, finding(error=told), T0)
    deliver_alerts(postgres, web_hook.channel(), T0)
    assert "hunter2hunter2" not in json.dumps(web_hook.taken)
    assert "OperationalError" in web_hook.taken[0]["message"]


@pytest.mark.parametrize("words", ["", "   ", "nosuchscheme://x"])
def test_a_connection_that_names_no_notifier_is_refused_in_words(words: str) -> None:
    with pytest.raises(NoNotifierError, match="alerts_default"):
        channel_of(Connection(password=words))


def test_what_cannot_be_told_does_not_name_the_notifiers_token() -> None:
    with pytest.raises(NoNotifierError) as told:
        channel_of(Connection(password="nosuchscheme://T0KEN0123456789"))
    assert "T0KEN" not in str(told.value)
