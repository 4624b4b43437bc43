"""The doctor and the stream: nothing before it is started, and then each planted fault by its name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from lakehouse.observe.doctor import slots, stream
from lakehouse.observe.doctor.finding import Finding, NotConfiguredError, Severity
from lakehouse.observe.doctor.surroundings import Surroundings
from lakehouse.stream.plan import CONNECTION
from tests.observe.doctor.conftest import SHOP, Clinic

SLOT = "airbyte_stream_slot"
PUBLICATION = "airbyte_stream_publication"
TABLES = ("customers", "orders", "stream_tracer")
STREAM_TABLES = (
    "stream_batches",
    "stream_loops",
    "stream_runs",
    "stream_tracers",
    "stream_tracing",
    "seam_checks",
)


class _Airflow:
    def __init__(self, paused: bool) -> None:
        self._paused = paused

    def read(self, path: str, query: Any = None) -> dict[str, Any]:
        assert path == "dags/stream_orders"
        return {"is_paused": self._paused}


@dataclass(frozen=True)
class _Around(Surroundings):
    paused: bool = False

    def airflow(self) -> Any:
        return _Airflow(self.paused)


@pytest.fixture
def ward(clinic: Clinic) -> Iterator[Clinic]:
    """Tables of the stream, empty; a source that it may read."""
    _empty(clinic)
    for table in TABLES:
        clinic.superuser("shop", f"create table if not exists {table} (a int)")
        clinic.superuser("shop", f"grant select on {table} to shop")
    yield clinic
    _empty(clinic)
    clinic.superuser("shop", "select pg_drop_replication_slot(slot_name) from pg_replication_slots")
    clinic.superuser("shop", f"drop publication if exists {PUBLICATION}")
    for table in TABLES:
        clinic.superuser("shop", f"drop table if exists {table}")


def _empty(clinic: Clinic) -> None:
    clinic.superuser("platform", f"truncate {', '.join(STREAM_TABLES)} cascade")


def started(ward: Clinic, state: str = "merged", minutes: int = 0) -> None:
    """The stream has run: a batch that began so many minutes ago."""
    ward.superuser(
        "platform",
        "insert into stream_batches (connection, state, day, run_id, started_at, merged_at)"
        " values (%s, %s, current_date, 'r1', now() - make_interval(mins => %s),"
        " case when %s = 'merged' then now() end)",
        CONNECTION, state, minutes, state,
    )  # fmt: skip


def looping(ward: Clinic, state: str, seconds: int = 0, why: str = "", chore: str | None = None) -> None:
    """The loop has said so, that many seconds ago."""
    ward.superuser(
        "platform",
        "insert into stream_loops (connection, state, why, run_id, since, beaten_at, failing_chore) values"
        " (%s, %s, %s, 'r1', now(), now() - make_interval(secs => %s), %s)",
        CONNECTION, state, why, seconds, chore,
    )  # fmt: skip


def found(ward: Clinic, paused: bool = False) -> list[Finding]:
    around = _Around(environ=ward.around.environ, paused=paused)
    return list(stream.loop_look(around))


def test_before_it_is_started_there_is_nothing_to_see_and_nothing_is_missed(ward: Clinic) -> None:
    """A platform that was just set up has neither the slot nor, in an older shop, the publication."""
    for look in (stream.source_look(SHOP), stream.loop_look, stream.lag_look, stream.seam_look):
        with pytest.raises(NotConfiguredError, match="never started"):
            list(look(ward.around))
    assert not any(SLOT in what for what in ward.what(slots.slots_look(SHOP)))


def test_a_slot_a_publication_and_a_table_that_are_missing_are_named_once_it_runs(ward: Clinic) -> None:
    started(ward)
    look = stream.source_look(SHOP)
    what = ward.what(look)
    assert f"the publication {PUBLICATION} of {CONNECTION} lacks tables: their changes are not told" in what
    [slot] = [each for each in ward.found(look) if SLOT in each.what]
    assert (slot.severity, slot.command) == (Severity.ERROR, f"bin/airbyte refresh {CONNECTION}")
    ward.superuser("shop", f"create publication {PUBLICATION} for table {', '.join(TABLES)}")
    ward.superuser("shop", f"select pg_create_logical_replication_slot('{SLOT}', 'pgoutput')")
    assert ward.what(look) == []
    ward.superuser("shop", "revoke select on stream_tracer from shop")
    assert ward.what(look) == ["shop_postgres: shop may not read stream_tracer"]


def test_the_stream_s_slot_is_known_and_one_that_lags_is_read_by_starting_it(
    ward: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    started(ward)
    ward.superuser("shop", f"select pg_create_logical_replication_slot('{SLOT}', 'pgoutput')")
    assert not any(SLOT in what for what in ward.what(slots.slots_look(SHOP)))
    monkeypatch.setattr(slots, "WARN_LAG_BYTES", 1)
    ward.superuser("shop", "insert into orders select generate_series(1, 1000)")
    [lagging] = [each for each in ward.found(slots.slots_look(SHOP)) if SLOT in each.what]
    assert "behind: nobody reads it" in lagging.what
    assert lagging.command == "bin/stream start"


@pytest.mark.parametrize("paused", [True, False])
def test_a_stream_that_runs_and_one_that_is_paused_are_well(ward: Clinic, paused: bool) -> None:
    started(ward)
    looping(ward, "ended" if paused else "idle", seconds=86_400 if paused else 5)
    assert found(ward, paused) == []


@pytest.mark.parametrize(
    ("state", "seconds", "severity", "words"),
    [
        ("running", 660, Severity.ERROR, "has been silent for 11 min"),
        ("ended", 600, Severity.ERROR, "has been silent for 10 min"),
        ("backing_off", 1, Severity.WARN, "is backing off"),
        ("waiting", 1, Severity.WARN, "is waiting"),
        ("yielding", 1, Severity.NOTE, "waits for tonight's late stages"),
    ],
)
def test_a_loop_that_does_not_go_on_is_named_with_its_reason(
    ward: Clinic, state: str, seconds: int, severity: Severity, words: str
) -> None:
    started(ward)
    looping(ward, state, seconds, why="Dremio is away")
    [finding] = found(ward)
    assert finding.severity is severity
    assert words in finding.what
    assert "Dremio is away" in finding.evidence or state in finding.evidence


def test_a_batch_that_is_held_is_named_paused_or_not(ward: Clinic) -> None:
    started(ward, "landed", minutes=30)
    looping(ward, "running")
    [finding] = found(ward)
    assert finding.what.endswith("has been landed for 30 min")
    [finding] = found(ward, paused=True)
    assert "is paused with micro-batch" in finding.what
    assert finding.command == "bin/stream start"


def test_a_failed_run_is_named_until_somebody_has_seen_to_it(ward: Clinic) -> None:
    started(ward)
    looping(ward, "idle")
    ward.superuser(
        "platform",
        "insert into stream_runs (run_id, connection, outcome, error, ended_at)"
        " values ('r0', %s, 'failed', 'AirbyteJobMisconfiguredError: the slot is gone. Run it.', now())",
        CONNECTION,
    )
    [finding] = found(ward)
    assert finding.what == "the last run of the stream failed: AirbyteJobMisconfiguredError: the slot is gone"
    ward.superuser("platform", "update stream_runs set noticed_at = now()")
    assert found(ward) == []


def test_a_chore_that_fails_beside_the_batches_is_named(ward: Clinic) -> None:
    started(ward)
    looping(ward, "idle", chore="the edge: DremioUnavailableError: away")
    [finding] = found(ward)
    assert "not what is done beside them" in finding.what
    assert "the edge" in finding.evidence


@pytest.mark.parametrize(
    ("outcome", "hours", "severity", "words"),
    [
        ("equal", 0, None, ""),
        ("not_ready", 0, None, ""),
        ("different", 0, Severity.ERROR, "differs from its recomputation"),
        ("equal", 3, Severity.WARN, "was not compared"),
    ],
)
def test_the_seam_is_told_by_its_last_check(
    ward: Clinic, outcome: str, hours: int, severity: Severity | None, words: str
) -> None:
    started(ward)
    looping(ward, "idle")
    for each, ago in (("different", hours + 1), (outcome, hours)):
        ward.superuser(
            "platform",
            "insert into seam_checks (checked_at, outcome, reason, orders, differences, seconds)"
            " values (now() - make_interval(hours => %s), %s, 'order 7', 1, 1, 1)",
            ago, each,
        )  # fmt: skip
    findings = ward.found(stream.seam_look)
    assert [each.severity for each in findings] == ([severity] if severity else [])
    assert all(words in each.what and each.command == "bin/stream verify" for each in findings)


def test_a_seam_that_was_never_compared_is_worth_knowing(ward: Clinic) -> None:
    started(ward)
    [finding] = ward.found(stream.seam_look)
    assert finding.severity is Severity.NOTE


def tracing(ward: Clinic, **columns: str) -> None:
    """The measuring of lag goes on; a tracer was committed five minutes ago and has come nowhere."""
    ward.superuser("platform", "truncate stream_tracing, stream_tracers")
    ward.superuser(
        "platform",
        "insert into stream_tracing (only_row, running, paused, changed_at, beaten_at, every_seconds)"
        " values (true, true, false, now(), now(), 5)",
    )
    ward.superuser(
        "platform",
        "insert into stream_tracers (tracer_id, source_committed_at, clock_offset_seconds, committed_at)"
        " values (1, now() - interval '5 minutes', 0, now() - interval '5 minutes')",
    )
    for name, value in columns.items():
        ward.superuser("platform", f"update stream_tracing set {name} = %s", value)


def test_a_hop_that_keeps_changes_back_is_named(ward: Clinic) -> None:
    started(ward)
    tracing(ward)
    [finding] = ward.found(stream.lag_look)
    assert (finding.severity, finding.command) == (Severity.ERROR, "bin/stream lag")
    assert "at the hop landing for 30" in finding.what


def test_a_lag_that_cannot_be_measured_is_named_with_its_reason(ward: Clinic) -> None:
    started(ward)
    tracing(ward, source_problem="permission denied for table stream_tracer")
    what = [finding for finding in ward.found(stream.lag_look) if finding.severity is Severity.WARN]
    assert [finding.evidence for finding in what] == ["permission denied for table stream_tracer"]


def test_the_lag_of_a_paused_stream_is_nobody_s_trouble(ward: Clinic) -> None:
    started(ward)
    tracing(ward, paused="true")
    assert ward.found(stream.lag_look) == []
