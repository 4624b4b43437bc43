"""A stream's columns at the source against those of its contract, as `bin/source check` tells them."""

from __future__ import annotations

from typing import Any

import pytest

from lakehouse.airbyte.connection_file import ConnectionFile, Endpoint, Stream
from lakehouse.bronze.contract_file import parse_contract
from lakehouse.onboarding.checking.columns import compare_columns, holds
from lakehouse.onboarding.checking.declared import DeclaredStream
from lakehouse.onboarding.checking.finding import Finding, Status
from lakehouse.onboarding.profiling.profile import ColumnProfile

TYPES = {"sku": "varchar", "cost": "decimal(10,4)", "price": "decimal(8,2)", "state": "varchar"}


def declared(gone: frozenset[str] = frozenset(), **contract: Any) -> DeclaredStream:
    """`cafe_products`, as its connection and its contract declare it."""
    columns: dict[str, dict[str, Any]] = {name: {"type": kind} for name, kind in TYPES.items()}
    columns["sku"]["required"] = True
    columns["state"]["one_of"] = ["open", "paid"]
    document = {
        "stream": "cafe_products", "source": "cafe_postgres", "grain": "One row per sku.", "key": ["sku"],
        "mode": "full_refresh", "new_columns": "ignore", "quarantine": {"max_rows": 0, "max_share": 0},
        "expected_volume": {"min_rows": 0, "zero_rows": "allow"}, "columns": columns,
    } | contract  # fmt: skip
    end = Endpoint("cafe_postgres", "postgres", "cafe_postgres", {})
    stream = Stream("products", "full_refresh_append", None, ("sku",))
    connection = ConnectionFile(
        "cafe_postgres_to_lake", "cafe", "large_table", end, end, "source=cafe_postgres", "cafe_", (stream,)
    )
    return DeclaredStream(connection, stream, parse_contract(document, "cafe_products.yaml"), TYPES, gone)


def seen(**changes: str | None) -> list[ColumnProfile]:
    """The source's columns; a type of None takes a column away."""
    types = {name: kind for name, kind in (TYPES | changes).items() if kind is not None}
    one_of = {"state": ("open", "paid")}
    return [ColumnProfile(name, kind, True, kind, one_of.get(name, ())) for name, kind in types.items()]


def told(found: list[ColumnProfile], **options: Any) -> list[Finding]:
    return list(compare_columns(declared(**options), found, guessed=False))


def test_nothing_is_told_of_columns_that_are_as_declared() -> None:
    assert told(seen()) == []


def test_a_renamed_column_is_told_as_one_that_is_absent_and_one_that_is_new() -> None:
    [finding] = told(seen(cost=None, note="varchar", unit_cost="decimal(10,4)"))
    assert finding.status is Status.DIFFERS
    assert finding.words == "cost is absent; note, unit_cost are new"
    assert finding.remedy == "bin/source add cafe --rename products.cost=unit_cost, if that is its new name"


def test_a_column_that_is_gone_is_told_once() -> None:
    [finding] = told(seen(cost=None))
    assert (finding.words, finding.status) == ("cost is absent", Status.DIFFERS)
    assert told(seen(cost=None), gone=frozenset({"cost"})) == []


def test_a_new_column_is_only_worth_a_note_unless_the_contract_refuses_it() -> None:
    [finding] = told(seen(phone="varchar"))
    assert (finding.status, finding.words) == (Status.NOTE, "phone is new at the source and not brought in")
    [finding] = told(seen(phone="varchar"), new_columns="refuse")
    assert finding.status is Status.DIFFERS


def test_a_column_that_cannot_be_brought_in_is_not_new() -> None:
    raw = ColumnProfile("raw", "varchar", True, "bytea", unsupported="bytes are not text")
    assert told([*seen(), raw]) == []


def test_a_retyped_column_is_told_with_both_types() -> None:
    [finding] = told(seen(price="varchar"))
    assert finding.words == "price is varchar now, and the contract says decimal(8,2)"
    assert finding.remedy.startswith("bin/source add cafe gives it the type varchar")


def test_a_new_value_of_an_enum_is_told_before_it_comes() -> None:
    columns = [column for column in seen() if column.name != "state"]
    state = ColumnProfile("state", "varchar", False, "order_state", ("open", "paid", "refunded"))
    [finding] = told([*columns, state])
    assert finding.words == "state may be refunded now, and rows with it would go to quarantine"


@pytest.mark.parametrize(
    ("wanted", "found", "expected"),
    [
        ("int", "int", True), ("bigint", "int", True), ("int", "bigint", False), ("varchar", "date", True),
        ("double", "int", True), ("double", "bigint", False), ("double", "decimal(8,2)", False),
        ("decimal(12,2)", "decimal(8,2)", True), ("decimal(8,2)", "decimal(12,2)", False),
        ("decimal(12,2)", "decimal(12,4)", False), ("decimal(12,2)", "int", True),
        ("decimal(10,2)", "int", False), ("decimal(12,2)", "bigint", False), ("date", "timestamp", False),
        ("timestamp", "date", False), ("boolean", "int", False),
    ],
)  # fmt: skip
def test_a_contract_may_be_wider_than_the_source_and_not_narrower(
    wanted: str, found: str, expected: bool
) -> None:
    assert holds(wanted, ColumnProfile("c", found, True, found), guessed=False) is expected


@pytest.mark.parametrize(
    ("wanted", "found", "source_type", "expected"),
    [
        ("decimal(12,2)", "bigint", "text", True), ("bigint", "decimal(20,2)", "text", True),
        ("timestamp", "date", "text", True), ("bigint", "varchar", "text", False),
        ("bigint", "date", "text", False), ("date", "varchar", "unknown", True),
    ],
)  # fmt: skip
def test_a_guess_from_a_sample_is_taken_for_no_more_than_that(
    wanted: str, found: str, source_type: str, expected: bool
) -> None:
    assert holds(wanted, ColumnProfile("c", found, True, source_type), guessed=True) is expected


def test_a_numeric_without_a_precision_may_be_any_number() -> None:
    free = ColumnProfile("c", "varchar", True, "numeric")
    assert holds("decimal(18,2)", free, guessed=False)
    assert not holds("date", free, guessed=False)
