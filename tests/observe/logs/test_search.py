"""What people ask the logs: the specification's query, full text, one stage of one night."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from lakehouse.observe.logs.__main__ import main
from lakehouse.observe.logs.retention import RetentionError, delete_indices, expired_indices
from lakehouse.observe.logs.search import since
from tests.observe.logs.conftest import LogPlatform, ShipperProcess, moment

SPECIFIED = {
    "timestamp": "date",
    "level": "keyword",
    "service": "keyword",
    "message": "text",
    "job_id": "keyword",
    "connection_id": "keyword",
    "records_synced": "integer",
    "bytes_synced": "long",
}


@pytest.fixture(scope="module")
def shipped(log_platform: LogPlatform, tmp_path_factory: pytest.TempPathFactory) -> ShipperProcess:
    """Lines of five services, one of them old, in Elasticsearch and in the lake."""
    shipper = ShipperProcess(log_platform, tmp_path_factory.mktemp("zebras"))
    shipper.write(
        "services/dremio.log",
        [
            f"{moment(60)} ERROR engine zebra crossing is closed",
            f"{moment(50)} INFO engine zebra again",
            f"{moment(7200)} ERROR engine old zebra",
        ],
    )
    shipper.write(
        "services/postgres.log", [f"{moment(40)} UTC [1] ERROR:  zebra relation", "\tLINE 1: of it"]
    )
    at = moment(30).replace(" ", "T").replace(",", ".") + "Z"
    entry = {
        "id": "airbyte-1-0-1",
        "service": "airbyte",
        "timestamp": at,
        "level": "ERROR",
        "message": "zebra sync",
    }
    synced = {**entry, "job_id": "1", "connection_id": "c", "records_synced": 12, "bytes_synced": 345}
    shipper.write("shipper/fetched/airbyte/job-1.jsonl", [json.dumps(synced)])
    printed = {
        "timestamp": at,
        "event": "04:56:49  Database Error in model zebra",
        "logger": "cosmos.hooks.subprocess",
    }
    shipper.write(
        "tasks/dag_id=transform_marts/run_id=r-zebra/task_id=build/attempt=1.log",
        [json.dumps(printed), json.dumps({"timestamp": at, "event": "zebra of airflow"})],
    )
    assert shipper.once().returncode == 0
    log_platform.client.indices.refresh(index="airbyte-logs-*")
    return shipper


@pytest.fixture
def logs(shipped: ShipperProcess, monkeypatch: pytest.MonkeyPatch) -> ShipperProcess:
    """With the environment in which `bin/logs` runs."""
    for name, value in shipped.environment.items():
        monkeypatch.setenv(name, value)
    return shipped


def test_the_specifications_mapping_and_query(log_platform: LogPlatform, logs: ShipperProcess) -> None:
    today = f"{datetime.now(UTC):%Y.%m.%d}"
    mapping = log_platform.client.indices.get_mapping(index=f"airbyte-logs-{today}").body
    properties = mapping[f"airbyte-logs-{today}"]["mappings"]["properties"]
    assert {name: properties[name]["type"] for name in SPECIFIED} == SPECIFIED
    answer = log_platform.client.search(
        index="airbyte-logs-*",
        query={
            "bool": {
                "must": [{"match": {"level": "ERROR"}}, {"range": {"timestamp": {"gte": "now-1h"}}}],
                "filter": [{"match": {"message": "zebra"}}],
            }
        },
        aggs={"by_service": {"terms": {"field": "service"}}},
    )
    buckets = {each["key"]: each["doc_count"] for each in answer["aggregations"]["by_service"]["buckets"]}
    assert buckets == {"dremio": 1, "postgres": 1, "airbyte": 1, "dbt": 1}


def found(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> list[dict[str, object]]:
    assert main([*arguments, "--json"]) == code
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("where", [[], ["--lake"]])
def test_full_text_search(logs: ShipperProcess, capsys: pytest.CaptureFixture[str], where: list[str]) -> None:
    zebras = found(capsys, "search", "zebra", "--since", "1h", *where)
    assert len({entry["service"] for entry in zebras}) == 5
    assert [entry["timestamp"] for entry in zebras] == sorted(str(entry["timestamp"]) for entry in zebras)
    [crossing] = found(capsys, "search", '"zebra crossing"', "closed", *where)
    assert crossing["level"] == "ERROR"
    old = found(capsys, "search", "zebra", "--service", "dremio", "--level", "error", "--since", "1d", *where)
    assert [str(entry["message"]).split(" engine ")[1] for entry in old] == [
        "old zebra",
        "zebra crossing is closed",
    ]
    assert len(found(capsys, "search", "zebra", "--limit", "2", *where)) == 2
    assert found(capsys, "search", "giraffe", *where, code=1) == []


@pytest.mark.parametrize("where", [[], ["--lake"]])
def test_errors_by_service(
    logs: ShipperProcess, capsys: pytest.CaptureFixture[str], where: list[str]
) -> None:
    errors = {str(each["service"]): each for each in found(capsys, "errors", "--since", "1h", *where)}
    assert errors.keys() >= {"dremio", "postgres", "airbyte", "dbt"}
    assert errors["airbyte"]["newest"]["records_synced"] == 12  # type: ignore[index]


@pytest.mark.parametrize("where", [[], ["--lake"]])
def test_one_stage_of_one_date(
    logs: ShipperProcess, capsys: pytest.CaptureFixture[str], where: list[str]
) -> None:
    """A run without a receipt: its lines are found by the day on which they were written."""
    written = moment(30)[:10]
    shown = found(capsys, "show", "transform_marts", written, "--task", "build", *where)
    assert {entry["run_id"] for entry in shown} == {"r-zebra"}
    assert {entry["service"] for entry in shown} == {"dbt", "airflow"}
    assert found(capsys, "show", "transform_marts", "2020-01-01", *where, code=1) == []


def test_what_people_type_is_never_a_broken_query(
    logs: ShipperProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    for text in ('"open', "a AND (", "field:value", "/regex/", "*", "-", "\\", "zeb*", "~~", "a" * 5000):
        assert main(["search", text]) in (0, 1)
    assert main(["search", "x", "--since", "soon"]) == 2
    assert main(["search", "x", "--level", "loud"]) == 2
    assert main(["search", "x", "--date", "2025-99-99"]) == 2
    assert "soon" in capsys.readouterr().err


def test_without_elasticsearch_it_says_what_to_do(
    logs: ShipperProcess, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELASTICSEARCH_URL", "http://127.0.0.1:9")
    assert main(["search", "zebra"]) == 2
    words = capsys.readouterr().err
    assert "make up OBSERVE=1" in words
    assert "--lake" in words


def test_old_indices_are_deleted_and_no_others(log_platform: LogPlatform) -> None:
    client = log_platform.client
    names = ["airbyte-logs-2024.01.01", "airbyte-logs-audit-2024.01.01", "airbyte-logs-dbt-2024.02.20"]
    for name in [*names, "airbyte-logs-notes", "other-2024.01.01"]:
        client.indices.create(index=name)
    expired = expired_indices(client, 30, date(2024, 3, 1), {"audit": 90})
    assert [index.name for index in expired] == ["airbyte-logs-2024.01.01"]
    assert [gone.name for gone in delete_indices(client, [*expired, *expired])] == [
        "airbyte-logs-2024.01.01"
    ] * 2
    assert not client.indices.exists(index="airbyte-logs-2024.01.01")
    for name in [*names[1:], "airbyte-logs-notes", "other-2024.01.01"]:
        assert client.indices.exists(index=name)
        client.indices.delete(index=name)
    with pytest.raises(RetentionError, match="0 days"):
        expired_indices(client, 0, date(2024, 3, 1))


def test_spans() -> None:
    now = datetime(2026, 11, 29, 12, tzinfo=UTC)
    assert since("90m", now) == datetime(2026, 11, 29, 10, 30, tzinfo=UTC)
    assert since("2025-10-16", now) == datetime(2025, 10, 16, tzinfo=UTC)
    assert since("2025-10-16T03:00:00+02:00", now) == datetime(2025, 10, 16, 1, tzinfo=UTC)
