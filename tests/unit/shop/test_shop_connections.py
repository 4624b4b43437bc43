"""The shop's connections: which tables are read how, and that no two readers share a slot."""

from __future__ import annotations

from lakehouse.airbyte.connection_file import read_all_connection_files, read_connection_file
from lakehouse.airbyte.night_syncs import night_syncs


def test_the_files_declare_the_streams_of_the_night() -> None:
    streams = {file.name: [stream.name for stream in file.streams] for file in read_all_connection_files()}
    assert streams["shop_postgres_to_lake"] == ["customers", "orders", "products"]
    assert streams["shop_postgres_cdc_to_lake"] == ["stock_levels"]
    assert streams["shop_api_to_lake"] == ["shipments"]
    assert streams["shop_files_to_lake"] == ["marketing_spend"]
    postgres = read_connection_file("shop_postgres_to_lake")
    assert postgres.source_folder == "postgres"
    assert {stream.name: stream.sync_mode for stream in postgres.streams} == {
        "customers": "incremental_append",
        "orders": "incremental_append",
        "products": "full_refresh_append",
    }
    assert postgres.timeout.total_seconds() == 3600


def test_what_is_read_from_the_log_has_a_publication_and_a_slot_and_lands_apart() -> None:
    """Two connections of one database: what one lands must not be claimed with the other's sync."""
    files = read_all_connection_files()
    folders = [declared.source_folder for declared in files]
    assert len(folders) == len(set(folders)) > 1
    captured = read_connection_file("shop_postgres_cdc_to_lake")
    [stream] = captured.streams
    assert (stream.sync_mode, stream.cursor_field) == ("incremental_append", None)
    assert stream.primary_key == ("product_id", "warehouse")
    method = captured.source.configuration["replication_method"]
    assert (method["method"], method["plugin"]) == ("CDC", "pgoutput")
    assert (method["publication"], method["replication_slot"]) == ("airbyte_publication", "airbyte_slot")
    assert method["invalid_cdc_cursor_position_behavior"] == "Fail sync"


def test_the_stream_s_connection_shares_nothing_with_the_night_s_but_the_source_database() -> None:
    """One slot for two readers would give each of them a part of the changes."""
    night, streamed = (
        read_connection_file(name) for name in ("shop_postgres_cdc_to_lake", "shop_postgres_stream_to_lake")
    )
    mine, others = (each.source.configuration["replication_method"] for each in (streamed, night))
    for key in ("replication_slot", "publication"):
        assert mine[key] != others[key]
    assert (mine["replication_slot"], mine["publication"]) == (
        "airbyte_stream_slot",
        "airbyte_stream_publication",
    )
    assert mine["invalid_cdc_cursor_position_behavior"] == "Fail sync"
    assert streamed.source.name != night.source.name
    assert streamed.source.airflow_connection == night.source.airflow_connection == "shop_postgres"
    assert streamed.source_folder == "postgres_stream"
    assert streamed.cadence == "stream"
    keys = {stream.name: stream.primary_key for stream in streamed.streams}
    assert keys == {
        "customers": ("customer_id",),
        "orders": ("order_id",),
        "stream_tracer": ("tracer_id",),
    }
    assert {(each.sync_mode, each.cursor_field) for each in streamed.streams} == {
        ("incremental_append", None)
    }


def test_the_shop_s_connections_are_synced_by_these_tasks() -> None:
    synced = {
        stage: [f"sync_{each.short_name}" for each in night_syncs(stage) if each.business == "shop"]
        for stage in ("extract_postgres", "extract_apis")
    }
    assert synced == {
        "extract_postgres": ["sync_shop_postgres_cdc", "sync_shop_postgres"],
        "extract_apis": ["sync_shop_api", "sync_shop_files"],
    }
