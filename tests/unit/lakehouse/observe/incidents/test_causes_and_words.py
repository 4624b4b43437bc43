"""What an error blames, when two say the same, and what people are told to type."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from lakehouse.night.plan import NIGHT
from lakehouse.observe.incidents.cause import airbyte_connections, cause_group
from lakehouse.observe.incidents.failure import FailedTask, cure, failed_task, severity_of
from lakehouse.observe.incidents.finding import Finding, Severity
from lakehouse.observe.incidents.fingerprint import fingerprint, stripped
from lakehouse.observe.incidents.home import stages_before
from lakehouse.observe.incidents.words import spoken
from lakehouse.platform.repository import REPOSITORY

DAY = date(2025, 10, 16)


@pytest.mark.needs_shop
@pytest.mark.parametrize(
    ("error", "group"),
    [
        ("DremioUnavailableError: Dremio does not answer", "service:dremio_default"),
        ("DbtModelError: model x: HTTPConnectionPool: Max retries exceeded", "service:dremio_default"),
        ("DbtModelError: model x: RESOURCE ERROR: 503 rows", "service:dremio_default"),
        ("DbtModelError: model x: RESOURCE ERROR: out of memory", None),
        ("StorageUnavailableError: 507", "service:lake_s3"),
        (
            "AirbyteJobFailedError: Airbyte job 7 of shop_api_to_lake (x) failed",
            "connection:shop_api_to_lake",
        ),
        ("AirbyteJobFailedError: Airbyte job 7 of nobody_knows (x) failed", None),
        (
            "AirbyteJobTimeoutError: Airbyte job 7 of shop_postgres_cdc_to_lake (x) had not ended",
            "connection:shop_postgres_cdc_to_lake",
        ),
        ("AirbyteJobCancelledError: Airbyte job 7 of shop_api_to_lake (x) was cancelled", None),
        ("ContractBrokenError: stream orders", None),
        ("", None),
        (None, None),
    ],
)
def test_an_error_blames_a_service_a_connection_or_nothing(error: str | None, group: str | None) -> None:
    assert cause_group(error) == group


def test_every_connection_of_the_repository_can_be_blamed() -> None:
    if not airbyte_connections():
        pytest.skip("no source is declared")
    for name in airbyte_connections():
        assert cause_group(f"AirbyteJobFailedError: job 1 of {name} (url) failed") == f"connection:{name}"


def finding(error: str, **more: Any) -> Finding:
    plain = Finding("failed", "load_bronze", DAY, Severity.PAGE, "s", error, evidence={"task": "load"})
    return replace(plain, **more)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("E: 3 of 10 rows of 2025-10-16", "E: 7 of 1,200 rows of 2025-10-17"),
        ("E: job 6b5cdbb6-0000-4000-8000-000000000001", "E: job 7b5cdbb6-0000-4000-8000-00000000000f"),
        ("E: http://127.0.0.1:9047/jobs/1 failed", "E: http://dremio:9047/jobs/77 failed"),
        ("E: sha a94a8fe5ccb19ba6", "E: sha de9f2c7fd25e1b3a"),
        ("E: at 02:30:11.5", "E: at 2025-10-16T03:00:00+00:00"),
    ],
)
def test_numbers_dates_ids_and_addresses_make_no_difference(one: str, other: str) -> None:
    assert fingerprint(finding(one)) == fingerprint(finding(other, business_date=date(2024, 1, 1)))


@pytest.mark.parametrize(
    "other",
    [
        finding("E: other words"),
        finding("F: words"),
        finding("E: words", root="transform_marts"),
        finding("E: words", evidence={"task": "another"}),
        finding("E: words", kind="late"),
    ],
)
def test_words_place_and_step_do(other: Finding) -> None:
    assert fingerprint(finding("E: words")) != fingerprint(other)


def test_two_platforms_never_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    here = fingerprint(finding("E: words"))
    monkeypatch.setenv("LAKEHOUSE_ENVIRONMENT", "staging")
    assert fingerprint(finding("E: words")) != here


def test_a_message_of_a_megabyte_costs_no_time() -> None:
    began = datetime.now(UTC)
    assert len(stripped("ab12 " * 200_000)) <= 400
    assert datetime.now(UTC) - began < timedelta(seconds=20)


def task(dag_id: str, error: str | None, **more: Any) -> FailedTask:
    plain = FailedTask(
        dag_id, "scheduled__1", "work", -1, 4, DAY.isoformat(), "scheduled",
        datetime(2025, 10, 16, 1, 30, tzinfo=UTC), error,
    )  # fmt: skip
    return replace(plain, **more)


@pytest.mark.parametrize("planned", NIGHT, ids=lambda planned: planned.name)
def test_each_stage_has_its_command(planned: Any) -> None:
    found = failed_task(task(planned.name, "ValueError: x"))
    assert found.command == f"bin/stage clear {planned.name} 2025-10-16"
    assert found.severity is Severity.PAGE
    assert "safe" in found.evidence["rerun"]


@pytest.mark.parametrize(
    ("dag_id", "command"),
    [
        ("test_data_quality", "bin/stage run transform_marts 2025-10-16"),
        ("transform_staging", "bin/stage run transform_staging 2025-10-16"),
    ],
)
def test_rows_that_failed_a_test_are_built_again(dag_id: str, command: str) -> None:
    found = failed_task(task(dag_id, "DataTestFailedError: 1 of 2 data tests failed"))
    assert found.command == command
    assert "until you fix the source, or the model" in found.evidence["rerun"]


def test_another_dag_is_cleared_by_its_run_and_wakes_nobody() -> None:
    found = failed_task(task("provision_platform", "ValueError: x", run_id="manual__a b", partition_key=None))
    assert found.command == (
        "bin/airflow dags clear provision_platform --run-id 'manual__a b' --only-failed --yes"
    )
    assert (found.severity, found.business_date) == (Severity.WARN, None)


def test_a_failed_run_of_the_stream_is_no_stage_and_its_command_lets_the_next_run_start() -> None:
    found = failed_task(task("stream_orders", "StreamGaveUpError: away", partition_key=None))
    assert (found.command, found.severity, found.business_date) == ("bin/stream start", Severity.WARN, None)
    assert "the last merged batch" in found.evidence["readers_see"]
    assert found.evidence["runbook"] == "docs/runbooks/stream.md"
    assert (REPOSITORY / "bin" / "stream").is_file()


@pytest.mark.parametrize(
    ("error", "first"),
    [
        (
            "AirbyteJobMisconfiguredError: the slot is gone. Run a job of type 'refresh' (or 'clear')",
            "run bin/airbyte refresh shop_postgres_stream_to_lake",
        ),
        ("AirbyteJobMisconfiguredError: no table orders", "fix the connection in include/airbyte"),
        ("StreamColumnMissingError: amount", "restore the column at the source"),
        ("StreamContractBrokenError: 7 rows", "look at the quarantined rows"),
    ],
)
def test_what_a_rerun_of_the_stream_meets_again_says_what_comes_first(error: str, first: str) -> None:
    found = failed_task(task("stream_orders", error, partition_key=None))
    assert f"until you {first}" in found.evidence["rerun"]


@pytest.mark.parametrize(
    ("error", "first"),
    [
        (
            "AirbyteJobMisconfiguredError: 401. The source refused the user or secret of the Airflow "
            "connection cafe_api: correct it there",
            "correct the Airflow connection cafe_api (a value of .env: then run `make up`), then run "
            "`bin/airbyte apply --rewrite-secrets`, then `bin/stage clear extract_apis 2025-10-16`",
        ),
        (
            "AirbyteJobMisconfiguredError: 2 files could not be read and were left out as a whole: a.csv",
            "correct or remove the files that the error names, then "
            "`bin/stage clear extract_apis 2025-10-16`",
        ),
    ],
)
def test_what_helps_a_sync_is_not_always_in_its_connection_s_file(error: str, first: str) -> None:
    """An expired token and a damaged file were both to be cured in include/airbyte."""
    assert cure(task("extract_apis", error), DAY) == first


@pytest.mark.parametrize("key", ["nonsense", "2999-01-01", "", None])
def test_a_run_without_a_proper_date_is_told_without_one(key: str | None) -> None:
    assert failed_task(task("load_bronze", None, partition_key=key)).business_date is None


@pytest.mark.parametrize(
    ("run_type", "hour", "severity"),
    [
        ("scheduled", 2, Severity.PAGE),
        ("asset_triggered", 4, Severity.PAGE),
        ("asset_triggered", 12, Severity.WARN),
        ("manual", 2, Severity.WARN),
        ("backfill", 2, Severity.WARN),
        (None, 2, Severity.WARN),
    ],
)
def test_only_a_night_by_the_clock_wakes_somebody(run_type: str, hour: int, severity: Severity) -> None:
    assert severity_of(run_type, DAY, datetime(2025, 10, 16, hour, tzinfo=UTC)) is severity


def test_what_comes_before_a_stage_follows_the_plan() -> None:
    assert stages_before("extract_apis") == frozenset()
    assert stages_before("transform_staging") == {"extract_postgres", "extract_apis", "load_bronze"}
    assert len(stages_before("warm_dashboards")) == 8
    assert len(stages_before("gold.orders")) == 9, "a table comes behind all stages"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3_660, "1 h 1 min"), (-5, "0 s"), (90_000, "25 h 0 min")],
)
def test_a_duration_is_spoken(seconds: int, words: str) -> None:
    assert spoken(timedelta(seconds=seconds)) == words
