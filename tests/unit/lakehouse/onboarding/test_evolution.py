"""What a changed source means for what was brought in: nothing that landed is given up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lakehouse.onboarding.adding.choices import Settled, Wishes, settle
from lakehouse.onboarding.adding.evolution import connections_to_read_again
from lakehouse.onboarding.adding.render.files import files_of
from lakehouse.onboarding.profiling.profile import ColumnProfile, SourceProfile, TableProfile
from lakehouse.onboarding.writing.blueprint import Blueprint, BlueprintError, Source, Table
from tests.unit.lakehouse.onboarding.made_profiles import (
    DATABASE,
    LINES,
    ORDERS,
    STOCK,
    column,
    database,
    with_columns,
)


def rerun(*tables: TableProfile, source: Source | None = None, **wishes: object) -> Settled:
    """The database brought in again, these tables replaced or added."""
    names = {table.name for table in tables}
    others = tuple(table for table in DATABASE.tables if table.name not in names)
    return settle(
        SourceProfile("postgres", (*others, *tables)),
        Wishes(**wishes),  # type: ignore[arg-type]
        source or database(),
    )


def table(settled: Settled, name: str) -> Table:
    return next(each for each in settled.source.tables if each.name == name)


def lines(*columns: ColumnProfile) -> TableProfile:
    return with_columns(LINES, *LINES.columns[:2], *columns)


def test_an_unchanged_source_changes_nothing() -> None:
    settled = rerun()
    assert settled.changes == ()
    assert settled.source == database()


def test_a_new_column_is_added_behind_the_others() -> None:
    settled = rerun(with_columns(ORDERS, *ORDERS.columns, column("note")))
    assert settled.changes == ("orders.note is new (varchar)",)
    assert table(settled, "orders").columns[-1].name == "note"


def test_a_column_that_is_gone_stays_and_is_not_required() -> None:
    settled = rerun(lines())
    cost = table(settled, "order_lines").column("cost")
    assert settled.changes == ("order_lines.cost is absent; the lake keeps what landed",)
    assert cost.gone
    contract = files_of(Blueprint("cafe", (settled.source,)))["include/contracts/cafe_order_lines.yaml"]
    assert "cost: {type: 'decimal(10,2)', description: The source has dropped it.}" in contract
    assert rerun(lines(), source=settled.source).changes == ()


def test_a_column_that_comes_back_is_told() -> None:
    gone = rerun(lines()).source
    settled = rerun(source=gone)
    assert settled.changes == ("order_lines.cost is back",)
    assert not table(settled, "order_lines").column("cost").gone


def test_one_absent_and_one_new_column_of_a_type_look_renamed() -> None:
    settled = rerun(lines(column("unit_cost", "decimal(10,2)")))
    assert settled.renames_to_confirm == (("order_lines", "cost", "unit_cost"),)
    assert settled.changes == (
        "order_lines.cost is absent; the lake keeps what landed",
        "order_lines.unit_cost is new (decimal(10,2))",
    )


@pytest.mark.parametrize(
    "columns",
    [
        (column("unit_cost", "double"),),
        (column("net_cost", "decimal(10,2)"), column("gross_cost", "decimal(10,2)")),
    ],
)
def test_another_type_or_two_candidates_are_not_taken_for_a_rename(
    columns: tuple[ColumnProfile, ...],
) -> None:
    assert rerun(lines(*columns)).renames_to_confirm == ()


def test_a_renamed_column_keeps_its_name_in_the_models() -> None:
    renamed = lines(column("unit_cost", "decimal(10,2)", nullable=False))
    settled = rerun(renamed, renames={("order_lines", "cost"): "unit_cost"})
    assert settled.changes == ("order_lines.cost is called unit_cost at the source; the models keep cost",)
    files = files_of(Blueprint("cafe", (settled.source,)))
    staging = files["include/dbt/models/staging/cafe/stg_cafe_order_lines.sql"]
    assert "'cost': 'coalesce(\"unit_cost\", \"cost\")'" in staging
    assert "- name: unit_cost" not in files["include/dbt/models/staging/cafe/stg_cafe_order_lines.yml"]
    assert (
        "  unit_cost: {type: 'decimal(10,2)', required: true}"
        not in files["include/contracts/cafe_order_lines.yaml"]
    )
    assert "  unit_cost: {type: 'decimal(10,2)'}" in files["include/contracts/cafe_order_lines.yaml"]
    assert rerun(renamed, source=settled.source).changes == ()


@pytest.mark.parametrize(
    ("rename", "words"),
    [
        ({("order_lines", "cost"): "price"}, "the columns are line_no, order_id"),
        ({("order_lines", "line_no"): "cost"}, "the source still has line_no"),
    ],
)
def test_a_rename_of_what_is_not_there_is_refused(rename: dict[tuple[str, str], str], words: str) -> None:
    with pytest.raises(BlueprintError, match=words):
        rerun(lines(), renames=rename) if "price" in rename.values() else rerun(renames=rename)


def test_a_renamed_cursor_is_refused_and_says_what_helps() -> None:
    moved = with_columns(
        ORDERS, *(c for c in ORDERS.columns if c.name != "updated_at"), column("changed_on", "timestamp")
    )
    with pytest.raises(
        BlueprintError, match="make a view at the source that calls changed_on updated_at again"
    ):
        rerun(replace(moved, cursor=None), renames={("orders", "updated_at"): "changed_on"})


def test_a_cursor_that_is_gone_is_refused_with_the_option_for_another() -> None:
    moved = with_columns(
        ORDERS, *(c for c in ORDERS.columns if c.name != "updated_at"), column("changed_on", "timestamp")
    )
    with pytest.raises(BlueprintError, match=r"orders.updated_at.* is absent at the source: give another"):
        rerun(moved)
    assert table(rerun(moved, cursors={"orders": "changed_on"}), "orders").cursor == "changed_on"


def test_another_type_is_taken_over_and_told() -> None:
    settled = rerun(lines(column("cost", "double", nullable=False)))
    assert table(settled, "order_lines").column("cost").type == "double"
    assert settled.changes[0].startswith("order_lines.cost is double and was decimal(10,2)")


@pytest.mark.parametrize(("kept", "kind"), [("user", "int"), ("user", "timestamp"), ("total", "int")])
def test_a_type_that_the_lake_s_holds_changes_nothing_there(kept: str, kind: str) -> None:
    """A text that is a number now: as text it is right, beside the rows that landed before."""
    columns = [column(kept, kind, nullable=False) if c.name == kept else c for c in ORDERS.columns]
    settled = rerun(with_columns(ORDERS, *columns))
    old = next(each for each in ORDERS.columns if each.name == kept)
    assert table(settled, "orders").column(kept).type == old.contract_type
    assert settled.changes == (
        f"orders.{kept} is source's {kind} and was source's {old.contract_type}: the lake keeps "
        f"{old.contract_type}, which takes every value of it",
    )
    assert rerun(with_columns(ORDERS, *columns), source=settled.source).changes == ()


@pytest.mark.parametrize(
    ("seen", "again"),
    [
        (with_columns(ORDERS, *(replace(c, contract_type="varchar") if c.name == "total" else c
                                for c in ORDERS.columns)), ["cafe_postgres_to_lake"]),
        (with_columns(STOCK, *STOCK.columns[:2], column("changed_at")), ["cafe_postgres_cdc_to_lake"]),
        (lines(column("cost", "varchar")), []),
        (with_columns(ORDERS, *ORDERS.columns, column("note", "int")), []),
    ],
)  # fmt: skip
def test_what_landed_by_changes_is_read_again_if_its_type_is_another(
    seen: TableProfile, again: list[str]
) -> None:
    """A table that comes whole each night needs no word."""
    made, wanted = (Blueprint("cafe", (each.source,)) for each in (rerun(), rerun(seen)))
    assert connections_to_read_again(made, wanted) == again


def test_values_of_an_enum_are_added_and_never_taken_away() -> None:
    state = replace(ORDERS.columns[1], one_of=("paid", "refunded"))
    settled = rerun(with_columns(ORDERS, ORDERS.columns[0], state, *ORDERS.columns[2:]))
    assert table(settled, "orders").column("state").one_of == ("open", "paid", "refunded")
    assert settled.changes == ("orders.state may also be refunded",)


def test_a_column_that_may_be_null_again_is_not_required() -> None:
    settled = rerun(lines(column("cost", "decimal(10,2)", nullable=True)))
    assert not table(settled, "order_lines").column("cost").required
    assert settled.changes == ("order_lines.cost may be NULL",)


def test_a_new_table_is_proposed_and_one_left_out_before_is_not() -> None:
    staff = replace(LINES, name="staff")
    settled = rerun(staff, source=database(tables=("orders", "visits")))
    assert [each.name for each in settled.source.tables] == ["orders", "visits", "staff"]
    assert settled.changes == ("staff is new: full_refresh, no column shows that a row has changed",)
    assert settled.source.left_out == ("order_lines", "stock")


@pytest.mark.parametrize(
    ("kind", "said"),
    [("files", "no file matches its globs, so its nights bring no rows"), ("rest", "until the manifest has")],
)
def test_what_a_source_without_the_stream_means_is_told_by_its_kind(kind: str, said: str) -> None:
    """Of files whose last one was taken away it said that the sync would fail; it does not."""
    held = replace(database(tables=("orders", "visits"), cdc=()), kind=kind)
    without = SourceProfile(kind, tuple(each for each in DATABASE.tables if each.name != "visits"))
    [change] = [each for each in settle(without, Wishes(), held).changes if each.startswith("visits")]
    assert said in change


def test_a_table_that_is_gone_stays_until_it_is_dropped() -> None:
    without = SourceProfile("postgres", tuple(each for each in DATABASE.tables if each.name != "visits"))
    settled = settle(without, Wishes(), database())
    assert "visits" in [each.name for each in settled.source.tables]
    assert settled.changes[0].startswith(
        "visits is absent at the source: its sync will fail until the table is back"
    )
    dropped = settle(without, Wishes(drop=("visits",)), database())
    assert dropped.changes == ("visits is taken out",)
    assert "visits" not in [each.name for each in dropped.source.tables]


def test_a_table_with_a_problem_is_left_out_with_its_reason() -> None:
    broken = replace(LINES, name="Order Items", problems=("make a view called order_items",))
    settled = rerun(broken)
    assert settled.remarks == ("Order Items is left out: make a view called order_items",)
    with pytest.raises(BlueprintError, match="Order Items cannot be brought in: make a view"):
        rerun(broken, tables=("Order Items",))


def test_every_table_in_the_way_is_named_at_once() -> None:
    broken = replace(LINES, name="Order Items", problems=("make a view called order_items",))
    with pytest.raises(BlueprintError) as refused:
        rerun(broken, tables=("Order Items",), modes={"visits": "incremental", "stock": "hourly"})
    assert str(refused.value).split("; ") == [
        "Order Items cannot be brought in: make a view called order_items",
        "visits has no key, so its rows can only be read whole: give one with --key visits=COLUMN, or "
        "--mode visits=full_refresh",
        "--mode stock=hourly: it is one of incremental, full_refresh, cdc",
    ]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ((), "it has no column, so it has nothing to bring in"),
        (
            (replace(column("photo"), unsupported="a bytea: make a view with encode(photo, 'base64')"),),
            "none of its columns can be brought in: photo: a bytea: make a view with encode(photo, 'base64')",
        ),
    ],
)
def test_a_table_without_a_column_for_the_lake_says_why(
    columns: tuple[ColumnProfile, ...], said: str
) -> None:
    bare = replace(LINES, name="photos", columns=columns, key=(), mode="full_refresh")
    assert rerun(bare).remarks == (f"photos is left out: {said}",)


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"tables": ("nothing",)}, "the source has no nothing; it has: order_lines, orders, stock, visits"),
        ({"modes": {"visits": "incremental"}}, "visits has no key.*--mode visits=full_refresh"),
        ({"cdc": ("visits",)}, "visits has no key"),
        (
            {"modes": {"order_lines": "incremental"}},
            "order_lines has no column that grows.*--cursor order_lines=COLUMN",
        ),
        ({"keys": {"visits": ("nr",)}}, "visits has no column nr"),
        ({"modes": {"visits": "often"}}, "--mode visits=often: it is one of incremental, full_refresh, cdc"),
        ({"drop": ("stocks",)}, "the source has no stocks"),
    ],
)
def test_what_cannot_be_read_as_asked_is_refused_in_one_sentence(
    wishes: dict[str, object], words: str
) -> None:
    with pytest.raises(BlueprintError, match=words) as refused:
        rerun(**wishes)
    assert "\n" not in str(refused.value)


def test_a_table_of_the_same_name_in_another_schema_does_not_replace_the_one_that_is_brought_in() -> None:
    other = replace(ORDERS, schema="zoo", columns=(column("zoo_id", nullable=False),), key=("zoo_id",))
    settled = settle(SourceProfile("postgres", (*DATABASE.tables, other)), Wishes(), database())
    assert settled.changes == ()
    assert settled.source == database()
