"""The bronze partition as a pure function of its landing rows."""

from __future__ import annotations

import json
import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakehouse.bronze import parquet_writer, row_groups
from lakehouse.bronze.contract_file import load_contract
from lakehouse.bronze.partition_builder import BuiltPartition, build_partition
from lakehouse.landing.footers import LandingFileUnreadableError
from lakehouse.landing.reader import LandedFile, LandingReader
from testing.lakehouse.landing_files import land

ORDERS = load_contract("orders")
PRODUCTS = load_contract("products")
ORDER_FIELDS = [pa.field(column.name, column.type) for column in ORDERS.columns]
PRODUCT_FIELDS = [pa.field(column.name, column.type) for column in PRODUCTS.columns]
NOON = datetime(2025, 10, 16, 12, 0)


def order(order_id: int | None, **changes: Any) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "customer_id": 7,
        "product_id": 3,
        "order_date": date(2025, 10, 16),
        "quantity": 2,
        "unit_price": Decimal("5.00"),
        "amount": Decimal("10.00"),
        "status": "completed",
        "created_at": NOON,
        "updated_at": NOON,
        "deleted_at": None,
    } | changes


def product(product_id: int, **changes: Any) -> dict[str, Any]:
    return {
        "product_id": product_id,
        "name": f"product {product_id}",
        "category": "tools",
        "unit_price": Decimal("5.00"),
        "active": True,
        "created_at": NOON,
        "updated_at": NOON,
    } | changes


def build(folder: Path, *files: LandedFile, contract: Any = ORDERS) -> BuiltPartition:
    return build_partition(contract, LandingReader(files), folder)


def bronze(built: BuiltPartition) -> list[dict[str, Any]]:
    return [row for part in built.parts for row in pq.read_table(part.path).to_pylist()]


def quarantine(built: BuiltPartition) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(built.quarantine.path).to_pylist()
    return rows


def test_good_rows_are_loaded_unchanged_in_the_contracts_types(tmp_path: Path) -> None:
    built = build(tmp_path, land(tmp_path, "a", [order(1), order(2)], ORDER_FIELDS))
    assert (built.rows_in, built.rows_loaded, built.rows_deduplicated, built.rows_quarantined) == (2, 2, 0, 0)
    first = bronze(built)[0]
    assert {name: first[name] for name in order(1)} == order(1)
    assert pq.read_schema(built.parts[0].path).equals(ORDERS.schema)
    assert ORDERS.schema.field("updated_at").type == pa.timestamp("us")
    assert ORDERS.schema.field("amount").type == pa.decimal128(12, 2)


def test_a_row_says_when_and_by_which_sync_it_came(tmp_path: Path) -> None:
    extracted = datetime(2025, 10, 17, 1, 2, 3, 456789)
    built = build(tmp_path, land(tmp_path, "a", [order(1)], ORDER_FIELDS, 42, extracted))
    assert bronze(built)[0]["_airbyte_sync_id"] == 42
    assert bronze(built)[0]["_airbyte_extracted_at"] == extracted


def test_the_file_is_written_with_the_specified_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_groups, "ROW_GROUP_ROWS", 2)
    built = build(tmp_path, land(tmp_path, "a", [order(number) for number in range(1, 6)], ORDER_FIELDS))
    metadata = pq.read_metadata(built.parts[0].path)
    assert [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)] == [2, 2, 1]
    column = metadata.row_group(0).column(0)
    assert column.compression == "SNAPPY"
    assert column.is_stats_set
    assert any("DICTIONARY" in encoding for encoding in column.encodings)


def test_the_specified_row_group_is_a_million_rows_and_the_page_a_mebibyte() -> None:
    assert parquet_writer.ROW_GROUP_ROWS == 1_000_000
    assert parquet_writer.WRITE_SETTINGS == {
        "compression": "snappy",
        "use_dictionary": True,
        "data_page_size": 1_048_576,
        "write_statistics": True,
    }


def test_no_landing_files_make_an_empty_file_with_the_schema(tmp_path: Path) -> None:
    built = build(tmp_path)
    assert (built.rows_in, built.rows_loaded) == (0, 0)
    assert pq.read_schema(built.parts[0].path).equals(ORDERS.schema)


def test_the_newest_version_of_a_key_survives(tmp_path: Path) -> None:
    built = build(
        tmp_path,
        land(tmp_path, "a", [order(1, status="pending"), order(2)], ORDER_FIELDS),
        land(
            tmp_path,
            "b",
            [order(1, status="completed", updated_at=NOON + timedelta(seconds=1))],
            ORDER_FIELDS,
            sync_id=2,
        ),
    )
    assert (built.rows_in, built.rows_loaded, built.rows_deduplicated) == (3, 2, 1)
    assert {row["order_id"]: row["status"] for row in bronze(built)} == {1: "completed", 2: "completed"}


def test_an_older_version_delivered_later_does_not_win(tmp_path: Path) -> None:
    built = build(
        tmp_path,
        land(
            tmp_path, "a", [order(1, status="refunded", updated_at=NOON + timedelta(hours=1))], ORDER_FIELDS
        ),
        land(tmp_path, "b", [order(1, status="pending")], ORDER_FIELDS, 2, datetime(2025, 10, 18)),
    )
    assert [row["status"] for row in bronze(built)] == ["refunded"]


def test_of_equal_cursors_the_latest_extraction_wins(tmp_path: Path) -> None:
    built = build(
        tmp_path,
        land(tmp_path, "a", [order(1, status="refunded")], ORDER_FIELDS, 2, datetime(2025, 10, 18)),
        land(tmp_path, "b", [order(1, status="pending")], ORDER_FIELDS, 1, datetime(2025, 10, 17)),
    )
    assert [row["status"] for row in bronze(built)] == ["refunded"]


def test_the_same_sync_delivered_twice_is_loaded_once(tmp_path: Path) -> None:
    rows = [order(number) for number in range(1, 50)]
    once = build(tmp_path, land(tmp_path, "a", rows, ORDER_FIELDS))
    first = bronze(once)
    twice = build(
        tmp_path,
        land(tmp_path, "a", rows, ORDER_FIELDS),
        land(tmp_path, "b", list(reversed(rows)), ORDER_FIELDS),
    )
    assert twice.rows_deduplicated == 49
    assert sorted(row["order_id"] for row in bronze(twice)) == [row["order_id"] for row in first]


def test_a_full_refresh_keeps_only_the_newest_snapshot(tmp_path: Path) -> None:
    """A product deleted at the source must not come back from an older sync of the same date."""
    built = build(
        tmp_path,
        land(tmp_path, "a", [product(1), product(2)], PRODUCT_FIELDS, sync_id=1),
        land(tmp_path, "b", [product(1, name="renamed")], PRODUCT_FIELDS, sync_id=2),
        contract=PRODUCTS,
    )
    assert [(row["product_id"], row["name"]) for row in bronze(built)] == [(1, "renamed")]
    assert (built.rows_in, built.rows_deduplicated) == (3, 2)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"order_id": None}, "order_id: is NULL"),
        ({"updated_at": None}, "updated_at: is NULL"),
        ({"amount": None}, "amount: is NULL"),
        ({"amount": Decimal("0.00")}, "amount: '0.00' is not above 0"),
        ({"amount": Decimal("-5.00")}, "amount: '-5.00' is not above 0"),
        ({"status": "lost"}, "status: 'lost' is none of pending, completed, cancelled, refunded"),
        ({"order_date": date(1900, 1, 1)}, "order_date: '1900-01-01' is below 2000-01-01"),
        (
            {"created_at": datetime(2999, 1, 1)},
            "created_at: '2999-01-01 00:00:00' is over 2200-01-01 00:00:00",
        ),
        ({"quantity": 0}, "quantity: '0' is below 1"),
    ],
)
def test_a_bad_row_is_quarantined_whole_with_its_reason(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    built = build(tmp_path, land(tmp_path, "a", [order(1), order(2) | changes, order(3)], ORDER_FIELDS))
    assert [row["order_id"] for row in bronze(built)] == [1, 3]
    [bad] = quarantine(built)
    assert bad["reason"] == reason
    assert bad["landing_key"].endswith("a.parquet")
    assert bad["landing_row"] == 1
    raw = json.loads(bad["raw"])
    assert raw["_airbyte_meta"]["sync_id"] == 1
    assert raw["product_id"] == 3
    assert built.reasons == {reason.split(":")[0]: 1}


def test_a_row_names_every_rule_it_breaks(tmp_path: Path) -> None:
    built = build(tmp_path, land(tmp_path, "a", [order(None, amount=Decimal("0.00"))], ORDER_FIELDS))
    assert quarantine(built)[0]["reason"] == "order_id: is NULL; amount: '0.00' is not above 0"


def test_a_bad_newest_version_does_not_replace_a_good_one(tmp_path: Path) -> None:
    newer = order(1, amount=Decimal("-1.00"), updated_at=NOON + timedelta(hours=1))
    built = build(tmp_path, land(tmp_path, "a", [order(1), newer], ORDER_FIELDS))
    assert [row["amount"] for row in bronze(built)] == [Decimal("10.00")]
    assert built.rows_quarantined == 1


def test_a_column_of_another_type_is_cast_and_what_cannot_be_is_quarantined(tmp_path: Path) -> None:
    fields = [field if field.name != "amount" else pa.field("amount", pa.string()) for field in ORDER_FIELDS]
    rows = [
        order(1, amount="12.50"),
        order(2, amount="a lot"),
        order(3, amount="7"),
        order(4, amount="1.005"),
        order(5, amount="99999999999999.00"),
    ]
    built = build(tmp_path, land(tmp_path, "a", rows, fields))
    assert [(row["order_id"], row["amount"]) for row in bronze(built)] == [
        (1, Decimal("12.50")),
        (3, Decimal("7.00")),
    ]
    assert [row["reason"] for row in quarantine(built)] == [
        "amount: 'a lot' is not of type decimal128(12, 2)",
        "amount: '1.005' is not of type decimal128(12, 2)",
        "amount: '99999999999999.00' is not of type decimal128(12, 2)",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-10-16T12:00:00.123456", datetime(2025, 10, 16, 12, 0, 0, 123456)),
        ("2025-10-16 12:00:00", datetime(2025, 10, 16, 12)),
        ("2025-10-16T12:00:00Z", datetime(2025, 10, 16, 12)),
        ("2025-10-16T14:00:00+02:00", datetime(2025, 10, 16, 12)),
    ],
)
def test_times_as_text_become_naive_utc(tmp_path: Path, text: str, expected: datetime) -> None:
    fields = [
        field if field.name != "updated_at" else pa.field("updated_at", pa.string()) for field in ORDER_FIELDS
    ]
    built = build(tmp_path, land(tmp_path, "a", [order(1, updated_at=text)], fields))
    assert [row["updated_at"] for row in bronze(built)] == [expected]


def test_times_with_a_zone_become_naive_utc(tmp_path: Path) -> None:
    fields = [
        field if field.name != "updated_at" else pa.field("updated_at", pa.timestamp("us", "Europe/Paris"))
        for field in ORDER_FIELDS
    ]
    built = build(tmp_path, land(tmp_path, "a", [order(1)], fields))
    assert bronze(built)[0]["updated_at"] == NOON


def test_a_missing_optional_column_is_read_as_null(tmp_path: Path) -> None:
    fields = [field for field in ORDER_FIELDS if field.name != "deleted_at"]
    rows = [{name: value for name, value in order(1).items() if name != "deleted_at"}]
    built = build(tmp_path, land(tmp_path, "a", rows, fields))
    assert bronze(built)[0]["deleted_at"] is None


def test_a_missing_required_column_quarantines_every_row(tmp_path: Path) -> None:
    fields = [field for field in ORDER_FIELDS if field.name != "amount"]
    rows = [{name: value for name, value in order(1).items() if name != "amount"}]
    built = build(tmp_path, land(tmp_path, "a", rows, fields))
    assert bronze(built) == []
    assert quarantine(built)[0]["reason"] == "amount: the column is missing"


def test_new_columns_stay_in_landing_and_are_reported(tmp_path: Path) -> None:
    file = land(tmp_path, "a", [order(1, colour="red")], [*ORDER_FIELDS, pa.field("colour", pa.string())])
    built = build(tmp_path, file)
    assert "colour" not in bronze(built)[0]
    expected = [column.name for column in ORDERS.columns]
    assert LandingReader([file]).unexpected_columns(expected) == {"colour": [pa.string()]}


def test_strange_text_passes_unchanged(tmp_path: Path) -> None:
    names = ["nul\0inside", "emoji \U0001f642", "x" * 1_000_000, ""]
    rows = [product(number + 1, name=name) for number, name in enumerate(names)]
    built = build(tmp_path, land(tmp_path, "a", rows, PRODUCT_FIELDS), contract=PRODUCTS)
    assert [row["name"] for row in bronze(built)] == names


def test_a_truncated_landing_file_is_named(tmp_path: Path) -> None:
    file = land(tmp_path, "a", [order(1)], ORDER_FIELDS)
    file.path.write_bytes(file.path.read_bytes()[:-20])
    with pytest.raises(LandingFileUnreadableError, match=r"source=postgres/orders/a\.parquet"):
        build(tmp_path, file)


def _random_landing(folder: Path, seed: int) -> tuple[list[LandedFile], list[dict[str, Any]]]:
    """Random versions, duplicates and bad rows over several files."""
    dice = random.Random(seed)
    files, rows = [], []
    for number in range(dice.randint(1, 4)):
        part = [
            order(
                dice.choice([None, *range(1, 30)]),
                amount=Decimal(dice.randint(-1, 20)),
                quantity=dice.randint(0, 5),
                updated_at=NOON + timedelta(seconds=dice.randint(0, 5)),
                status=dice.choice(["pending", "completed", "lost"]),
            )
            for _ in range(dice.randint(0, 60))
        ]
        extracted = datetime(2025, 10, 17) + timedelta(minutes=number)
        files.append(land(folder, f"f{number}", part, ORDER_FIELDS, number, extracted))
        rows.extend(part)
    return files, rows


@pytest.mark.parametrize("seed", range(25))
def test_nothing_is_lost_or_doubled_and_a_replay_gives_the_same_bytes(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, rows = _random_landing(tmp_path, seed)
    built = build(tmp_path, *files)
    assert built.rows_in == len(rows)
    assert built.rows_in == built.rows_loaded + built.rows_deduplicated + built.rows_quarantined

    good = [
        row
        for row in rows
        if row["order_id"] and row["amount"] > 0 and row["quantity"] > 0 and row["status"] != "lost"
    ]
    newest: dict[int, dict[str, Any]] = {}
    for row in good:  # files are ordered by extraction: of equal cursors the later one wins
        known = newest.get(row["order_id"])
        if known is None or row["updated_at"] >= known["updated_at"]:
            newest[row["order_id"]] = row
    loaded = {row["order_id"]: {name: row[name] for name in order(1)} for row in bronze(built)}
    assert loaded == newest
    assert built.rows_loaded == len(newest)
    assert built.rows_quarantined == len(rows) - len(good)

    # Smaller batches and another order of the files change nothing.
    monkeypatch.setattr("lakehouse.landing.reader.BATCH_ROWS", 7)
    replay = tmp_path / "replay"
    replay.mkdir()
    again = build(replay, *reversed(files))
    assert again.parts[0].sha256 == built.parts[0].sha256
    assert again.quarantine.sha256 == built.quarantine.sha256
