"""A connection's file: what it need not say, what it must not say, and how the lake names its streams."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakehouse.airbyte import connection_file
from lakehouse.airbyte.connection_file import (
    ConnectionFileError,
    read_all_connection_files,
    read_connection_file,
)
from lakehouse.airbyte.desired_state import desired_connection
from lakehouse.airbyte.night_syncs import night_syncs
from lakehouse.night.plan import NIGHT


def change(folder: Path, name: str, *replaced: tuple[str, str]) -> None:
    path = folder / f"{name}.yaml"
    text = path.read_text()
    for before, after in replaced:
        assert before in text
        text = text.replace(before, after)
    path.write_text(text)


def test_what_a_file_does_not_say_the_defaults_do(cafe: Path) -> None:
    declared = read_connection_file("cafe_postgres_to_lake")
    assert (declared.business, declared.short_name) == ("cafe", "cafe_postgres")
    assert (declared.namespace, declared.source_folder) == ("source=cafe_postgres", "cafe_postgres")
    assert (declared.destination.name, declared.destination.type) == ("lake_landing", "s3")
    assert declared.destination.configuration["format"]["compression_codec"] == "SNAPPY"
    assert declared.timeout.total_seconds() == 3600
    assert declared.retries == 3


def test_a_file_overrides_single_keys_of_the_defaults(cafe: Path) -> None:
    change(
        cafe,
        "cafe_api_to_lake",
        (
            "tuning:\n",
            "destination:\n  configuration: {format: {compression_codec: GZIP}}\n"
            "namespace: source=rest\ntuning:\n  timeout_minutes: 5\n",
        ),
    )
    declared = read_connection_file("cafe_api_to_lake")
    assert (declared.retries, declared.timeout.total_seconds()) == (1, 300)
    assert declared.tuning["threads"] == 4
    assert declared.destination.configuration == {
        "s3_bucket_path": "bronze/landing",
        "format": {"format_type": "Parquet", "compression_codec": "GZIP"},
    }
    assert declared.source_folder == "rest"


def test_the_lake_puts_the_prefix_before_every_stream_and_airbyte_is_told_so(cafe: Path) -> None:
    declared = read_connection_file("cafe_postgres_to_lake")
    assert declared.lake_streams == ("cafe_orders", "cafe_tables")
    desired = desired_connection(declared)
    assert desired["prefix"] == "cafe_"
    assert [each["name"] for each in desired["configurations"]["streams"]] == ["orders", "tables"]


def test_rows_that_airbyte_counts_under_the_source_s_names_are_found_under_the_lake_s(cafe: Path) -> None:
    """They were compared as told: "orders (5000 committed, 0 landed)", however often it ran again."""
    declared = read_connection_file("cafe_postgres_to_lake")
    assert declared.rows_by_lake_name({"orders": 5000, "tables": 0}) == {
        "cafe_orders": 5000,
        "cafe_tables": 0,
    }
    assert declared.rows_by_lake_name({"cafe_orders": 7}) == {"cafe_orders": 7}
    assert declared.rows_by_lake_name({}) == {}


def test_a_stream_that_is_called_like_another_s_prefixed_name_keeps_its_own_rows(cafe: Path) -> None:
    change(cafe, "cafe_postgres_to_lake", ("name: tables", "name: cafe_orders"))
    declared = read_connection_file("cafe_postgres_to_lake")
    told = {"orders": 3, "cafe_orders": 4}
    assert declared.rows_by_lake_name(told) == {"cafe_orders": 3, "cafe_cafe_orders": 4}


def test_a_connection_is_synced_by_the_stage_of_its_source_s_kind(cafe: Path) -> None:
    found = {stage: [each.short_name for each in night_syncs(stage)] for stage in syncing_stages()}
    assert found == {
        "extract_postgres": ["cafe_postgres_cdc", "cafe_postgres"],
        "extract_apis": ["cafe_api", "cafe_files"],
    }


def syncing_stages() -> list[str]:
    return [stage.name for stage in NIGHT if not stage.waits_for]


def test_what_is_streamed_is_synced_by_no_stage(cafe: Path) -> None:
    change(cafe, "cafe_postgres_cdc_to_lake", ("cadence: small_table", "cadence: stream"))
    assert [each.short_name for each in night_syncs("extract_postgres")] == ["cafe_postgres"]


def test_a_stage_that_syncs_nothing_by_its_nature_is_refused(cafe: Path) -> None:
    with pytest.raises(ValueError, match="load_bronze syncs no connection; those that do: extract_postgres"):
        night_syncs("load_bronze")


def test_a_source_of_an_unknown_kind_is_refused_with_those_there_are(cafe: Path) -> None:
    change(cafe, "cafe_postgres_to_lake", ("type: postgres", "type: mysql"))
    with pytest.raises(ConnectionFileError, match="'mysql' is not one of: postgres, declarative, file"):
        night_syncs("extract_apis")


def test_two_connections_of_one_landing_folder_are_refused(cafe: Path) -> None:
    change(cafe, "cafe_postgres_cdc_to_lake", ("prefix:", "namespace: source=cafe_postgres\nprefix:"))
    with pytest.raises(ConnectionFileError, match=r"cafe_postgres_cdc_to_lake\.yaml land in one folder"):
        read_all_connection_files()


def test_two_streams_of_one_name_in_the_lake_are_refused_unless_one_is_streamed(cafe: Path) -> None:
    change(cafe, "cafe_postgres_cdc_to_lake", ("name: stock", "name: orders"))
    with pytest.raises(ConnectionFileError, match=r"both bring a stream cafe_orders .* a prefix"):
        read_all_connection_files()
    change(cafe, "cafe_postgres_cdc_to_lake", ("cadence: small_table", "cadence: stream"))
    assert len(read_all_connection_files()) == 4


def test_two_connections_may_read_one_table_under_two_prefixes(cafe: Path) -> None:
    change(cafe, "cafe_postgres_cdc_to_lake", ("name: stock", "name: orders"), ("cafe_\n", "log_\n"))
    names = [name for each in read_all_connection_files() for name in each.lake_streams]
    assert {"cafe_orders", "log_orders"} < set(names)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("name: cafe_api_to_lake", "name: other", "share one name"),
        ("business: cafe\n", "", "lacks 'business'"),
        ("business: cafe\n", "business: Café\n", "business 'Café' is not a name of small letters"),
        ("prefix: cafe_\n", "namespace: source=a/b\n", "namespace 'source=a/b' is not source=<small letters"),
        ("prefix: cafe_\n", "namespace: cafe\n", "namespace 'cafe' is not source="),
        ("    cursor_field: updated_at\n", "", "incremental and has no cursor_field"),
        ("_mode: append_dedup", "_mode: overwrite", "is not one of"),
        ("    primary_key: [delivery_id]\n", "", "to be deduplicated and has no primary_key"),
        ("    page_size: 100\n", "    replication_method: {method: CDC}\n", "takes no cursor_field"),
    ],
)
def test_a_faulty_file_says_what_is_wrong(cafe: Path, before: str, after: str, message: str) -> None:
    change(cafe, "cafe_api_to_lake", (before, after))
    with pytest.raises(ConnectionFileError, match=f"{message}"):
        read_connection_file("cafe_api_to_lake")


def test_a_stream_that_is_listed_twice_is_refused(cafe: Path) -> None:
    change(cafe, "cafe_postgres_to_lake", ("name: tables", "name: orders"))
    with pytest.raises(ConnectionFileError, match="lists twice: orders"):
        read_connection_file("cafe_postgres_to_lake")


def test_a_repository_without_a_source_is_one_before_its_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_file, "CONNECTION_FILES", tmp_path)
    assert read_all_connection_files() == []
    assert night_syncs("extract_postgres") == night_syncs("extract_apis") == ()


def test_a_folder_that_is_not_there_is_not_taken_for_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_file, "CONNECTION_FILES", tmp_path / "nowhere")
    with pytest.raises(ConnectionFileError, match=r"no folder .*nowhere"):
        read_all_connection_files()
