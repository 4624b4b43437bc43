"""Names that every system can carry, and the contract's type of each of PostgreSQL's."""

from __future__ import annotations

import pytest

from lakehouse.landing.columns import landed_name
from lakehouse.onboarding.profiling.names import alike, column_problem, suggested, table_problem
from lakehouse.onboarding.profiling.tables.types import PostgresType, contract_type


@pytest.mark.parametrize("name", ["orders", "order", "orders_2024", "a"])
def test_a_plain_name_is_fit_for_a_table(name: str) -> None:
    assert table_problem(name) == ""


@pytest.mark.parametrize(
    ("name", "proposal"),
    [
        ("Orders", "orders"),
        ("order items", "order_items"),
        ("OrderItems", "order_items"),
        ("2024", "t_2024"),
        ("Umsätze", "umsaetze"),
        ("Größe", "groesse"),
        ("Café", "cafe"),
        ("Straße 1", "strasse_1"),
        ("źdźbło", "zdzblo"),
    ],
)
def test_any_other_name_comes_with_one_that_is(name: str, proposal: str) -> None:
    assert suggested(name) == proposal
    assert table_problem(proposal) == ""
    assert f"make a view called {proposal}" in table_problem(name)


@pytest.mark.parametrize(
    ("name", "landed"),
    [
        ("amount", "amount"),
        ("Amount", "Amount"),
        ("order", "order"),
        ("unit price", "unit_price"),
        ("unit-price", "unit_price"),
        (" Preis\t\u20ac ", "_Preis___"),
        ("2nd", "_2nd"),
        ("gr\u00f6\u00dfe", "gro_e"),
        ("\u010d\u00edslo", "cislo"),
        ("%", "_"),
    ],
)
def test_a_column_may_have_any_name_and_lands_as_airbyte_writes_it(name: str, landed: str) -> None:
    assert column_problem(name) == ""
    assert landed_name(name) == landed


@pytest.mark.parametrize("name", ["", "  ", "a\0b"])
def test_a_column_without_a_name_is_a_problem(name: str) -> None:
    assert "make a view that calls it otherwise" in column_problem(name)


@pytest.mark.parametrize("name", ["_airbyte_meta", "_AB_CDC_LSN", "bronze_date", "Bronze Date"])
def test_a_column_of_the_lakes_own_is_a_problem(name: str) -> None:
    assert "adds a column" in column_problem(name)


def test_names_that_would_land_as_one_are_found() -> None:
    assert alike(["id", "Name", "name", "NAME", "other"]) == ["Name, name, NAME differ in letter case only"]
    assert alike(["a b", "id", "a-b", "A.B"]) == ["a b, a-b, A.B would all land as a_b"]
    assert alike(["id", "name"]) == []


def _numeric(precision: int, scale: int) -> PostgresType:
    return PostgresType("numeric", "numeric", modifier=(precision << 16 | scale & 0x7FF) + 4)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (PostgresType("int2", "smallint"), "int"),
        (PostgresType("int8", "bigint"), "bigint"),
        (PostgresType("float4", "real"), "double"),
        (_numeric(12, 2), "decimal(12,2)"),
        (_numeric(38, 38), "decimal(38,38)"),
        (_numeric(39, 2), "varchar"),
        (_numeric(5, -2), "varchar"),
        (PostgresType("numeric", "numeric"), "varchar"),
        (PostgresType("bool", "boolean"), "boolean"),
        (PostgresType("bool", "a_domain", is_domain=True), "varchar"),
        (PostgresType("int4", "a_domain", is_domain=True), "int"),
        (PostgresType("timestamptz", "timestamp with time zone"), "timestamp"),
        (PostgresType("int4", "integer[]", is_array=True), "varchar"),
        (PostgresType("int4range", "int4range", kind="r"), "varchar"),
        (PostgresType("mood", "mood", kind="e"), "varchar"),
        (PostgresType("inet", "inet"), "varchar"),
    ],
)
def test_each_type_has_its_place_in_a_contract(found: PostgresType, expected: str) -> None:
    assert contract_type(found).name == expected
    assert contract_type(found).unsupported == ""


def test_bytes_have_none_and_the_way_out_is_told() -> None:
    assert "encode(<column>, 'base64')" in contract_type(PostgresType("bytea", "bytea")).unsupported
