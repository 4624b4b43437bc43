"""The engine's rules that need no service."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from airbyte_engine.api.jobs import iso_duration
from airbyte_engine.api.tokens import is_valid, sign
from airbyte_engine.connectors.configuration import MASK, check_configuration, masked, unmasked
from airbyte_engine.connectors.registry import connector_of
from airbyte_engine.problems import Problem
from airbyte_engine.store.actors import Kind
from airbyte_engine.worker.boundary import REMEMBERED, Boundary
from airbyte_engine.worker.landing import key_of
from airbyte_engine.worker.rows import RecordFile, arrow_type

MANIFEST = {
    "spec": {
        "connection_specification": {
            "required": ["base_url", "api_token", "start_date"],
            "properties": {
                "base_url": {"type": "string"},
                "api_token": {"type": "string", "airbyte_secret": True},
                "start_date": {"type": "string"},
            },
        }
    }
}
"""As much of a manifest as the server itself reads."""
STARTED = dt.datetime(2025, 10, 17, 1, 2, 3, 456000, dt.UTC)


def test_a_file_lands_where_airbyte_would_put_it() -> None:
    key = key_of({"s3_bucket_path": "bronze/landing"}, "source=postgres", "orders", STARTED, 0)
    assert key == "bronze/landing/source=postgres/orders/2025_10_17_1760662923456_0.parquet"


def test_a_path_format_of_the_destination_is_honoured() -> None:
    destination = {"s3_bucket_path": "/x/", "s3_path_format": "${STREAM_NAME}/${YEAR}-${MONTH}/part_"}
    assert key_of(destination, "", "orders", STARTED, 3) == "x/orders/2025-10/part_3.parquet"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "PT0S"), (0.9, "PT0S"), (59, "PT59S"), (483, "PT8M3S"), (3600, "PT1H")]
)
def test_durations_are_iso_8601(seconds: float, text: str) -> None:
    assert iso_duration(dt.timedelta(seconds=seconds)) == text


def test_a_token_is_valid_until_it_expires_and_only_with_its_secret() -> None:
    token = sign("secret", 1000)
    assert is_valid(token, "secret", now=999)
    assert not is_valid(token, "secret", now=1000)
    assert not is_valid(token, "other", now=999)
    assert not is_valid("9999999999.forged", "secret", now=999)
    assert not is_valid("", "secret", now=999)


def test_secrets_are_masked_and_a_mask_keeps_the_old_secret() -> None:
    configuration = {"base_url": "http://shop", "api_token": "abc"}
    shown = masked(connector_of("source", "declarative", MANIFEST), configuration)
    assert shown == {"base_url": "http://shop", "api_token": MASK}
    assert unmasked(shown | {"base_url": "http://other"}, configuration) == {
        "base_url": "http://other",
        "api_token": "abc",
    }


@pytest.mark.parametrize(
    ("kind", "connector", "configuration", "named"),
    [
        ("source", "postgres", {"host": "h", "database": "d"}, "username"),
        ("source", "declarative", {"base_url": "http://shop", "start_date": "2024"}, "api_token"),
        (
            "source",
            "postgres",
            {"host": "h", "database": "d", "username": "u", "replication_method": {"method": "CDC"}},
            "CDC",
        ),
        (
            "destination",
            "s3",
            {"s3_bucket_name": "b", "s3_bucket_path": "p", "format": {"format_type": "Avro"}},
            "Parquet",
        ),
    ],
)
def test_a_configuration_that_cannot_work_is_refused(
    kind: Kind, connector: str, configuration: dict[str, Any], named: str
) -> None:
    with pytest.raises(Problem, match=named) as refusal:
        check_configuration(connector_of(kind, connector, MANIFEST), configuration)
    assert refusal.value.status == 422


class TestBoundary:
    def test_exact_copies_at_the_edge_are_left_out_and_late_ties_are_not(self) -> None:
        first = Boundary("updated_at", None)
        rows = [{"id": 1, "updated_at": "10:00"}, {"id": 2, "updated_at": "10:05"}]
        assert all(first.is_new(row) for row in rows)
        second = Boundary("updated_at", first.to_save())
        assert not second.is_new({"id": 2, "updated_at": "10:05"})
        assert second.is_new({"id": 3, "updated_at": "10:05"})
        assert second.is_new({"id": 1, "updated_at": "10:05"})
        third = Boundary("updated_at", second.to_save())
        assert not any(third.is_new({"id": number, "updated_at": "10:05"}) for number in (1, 2, 3))

    def test_nothing_read_keeps_the_edge(self) -> None:
        saved = {"cursor": "10:05", "digests": ["x"]}
        assert Boundary("updated_at", saved).to_save() == saved

    def test_what_a_lookback_window_sends_again_is_left_out_and_late_rows_are_not(self) -> None:
        first = Boundary("updated_at", None)
        rows = [{"id": number, "updated_at": f"10:{number:02}"} for number in range(10)]
        assert all(first.is_new(row) for row in rows)
        second = Boundary("updated_at", first.to_save())
        assert not any(second.is_new(row) for row in rows[5:])
        assert second.is_new({"id": 99, "updated_at": "10:07"}), "committed late"
        third = Boundary("updated_at", second.to_save())
        assert not any(third.is_new(row) for row in (*rows, {"id": 99, "updated_at": "10:07"}))

    @pytest.mark.parametrize("ties", [1, REMEMBERED + 1])
    def test_the_newest_records_are_remembered_in_any_order(self, ties: int) -> None:
        first = Boundary("updated_at", None)
        older = [{"id": number, "updated_at": number} for number in range(5 * REMEMBERED)]
        newest = [{"id": -number, "updated_at": 10 * REMEMBERED} for number in range(ties)]
        for row in (*newest, *older):
            assert first.is_new(row)
        second = Boundary("updated_at", first.to_save())
        assert not any(second.is_new(row) for row in newest)
        assert second.is_new(older[0]), "it comes once more, and is not lost"

    def test_the_state_of_an_earlier_version_is_understood(self) -> None:
        first = Boundary("updated_at", None)
        row = {"id": 1, "updated_at": "10:05"}
        first.is_new(row)
        [[cursor, digests]] = first.to_save()["newest"]
        second = Boundary("updated_at", {"cursor": cursor, "digests": digests})
        assert not second.is_new(row)
        assert second.is_new(row | {"id": 2})

    @pytest.mark.parametrize("far", ["9999-12-31", "9999-12-31T00:00:00Z", "2026-01-03 00:00:00.000001"])
    def test_a_cursor_that_has_not_come_yet_is_not_the_greatest(self, far: str) -> None:
        now = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
        row = {"id": 2, "updated_at": far}
        first = Boundary("updated_at", None, now)
        assert first.is_new({"id": 1, "updated_at": "2026-01-02 00:00:00"})
        assert first.is_new(row)
        assert (first.greatest, first.beyond) == ("2026-01-02 00:00:00", 1)
        second = Boundary("updated_at", first.to_save(), now)
        assert not second.is_new(row)
        assert second.is_new(row | {"name": "changed"})

    def test_a_changed_row_with_the_same_cursor_is_new(self) -> None:
        first = Boundary("updated_at", None)
        first.is_new({"id": 1, "status": "sent", "updated_at": "10:05"})
        second = Boundary("updated_at", first.to_save())
        assert second.is_new({"id": 1, "status": "back", "updated_at": "10:05"})


def test_json_schema_types_become_their_natural_types() -> None:
    naive = {"type": "string", "format": "date-time", "airbyte_type": "timestamp_without_timezone"}
    assert arrow_type(naive) == pa.timestamp("us")
    assert arrow_type({"type": "string", "format": "date-time"}) == pa.timestamp("us", "UTC")
    assert arrow_type({"type": ["null", "integer"]}) == pa.int64()
    assert arrow_type({"type": "object"}) == pa.string()


def test_a_value_that_does_not_fit_becomes_null_and_is_reported(tmp_path: Path) -> None:
    schema = {"properties": {"id": {"type": "integer"}, "at": {"type": "string", "format": "date"}}}
    file = RecordFile(tmp_path / "x.parquet", schema, "snappy", 7, 1, STARTED)
    file.write([{"id": 1, "at": "2025-10-16"}, {"id": "many", "at": "soon"}, {"id": None, "at": None}])
    file.close()
    rows = pq.read_table(file.file).to_pylist()
    assert [row["id"] for row in rows] == [1, None, None]
    assert [row["at"] for row in rows] == [dt.date(2025, 10, 16), None, None]
    assert [len(row["_airbyte_meta"]["changes"]) for row in rows] == [0, 2, 0]
    assert rows[1]["_airbyte_meta"]["changes"][0] == {
        "field": "id",
        "change": "NULLED",
        "reason": "DESTINATION_SERIALIZATION_ERROR",
    }
    assert {row["_airbyte_meta"]["sync_id"] for row in rows} == {7}
    assert len({row["_airbyte_raw_id"] for row in rows}) == 3


@pytest.mark.parametrize(
    ("kind", "values", "kept"),
    [
        ("integer", [1, 1.5, 2.0], [1, None, 2]),
        ("integer", [True, 1], [None, 1]),
        ("number", [True, 0.5], [None, 0.5]),
        ("number", [2**53 + 1, 0.5], [None, 0.5]),
        ("number", [2**53 + 2, 2**63, 10**400], [2.0**53 + 2, 2.0**63, None]),
        ("integer", [1e300, 2.0**53, 2**63], [None, 2**53, None]),
        ("boolean", [1, True], [None, True]),
    ],
)
def test_a_value_of_another_type_becomes_null_and_is_reported(
    tmp_path: Path, kind: str, values: list[Any], kept: list[Any]
) -> None:
    """Arrow made 1.5 an integer 1, and true a number 1."""
    schema = {"properties": {"a": {"type": kind}}}
    file = RecordFile(tmp_path / "x.parquet", schema, "none", 1, 1, STARTED)
    file.write([{"a": value} for value in values])
    file.close()
    table = pq.read_table(file.file)
    assert table["a"].to_pylist() == kept
    reported = [len(meta["changes"]) for meta in table["_airbyte_meta"].to_pylist()]
    assert reported == [int(value is None) for value in kept]
