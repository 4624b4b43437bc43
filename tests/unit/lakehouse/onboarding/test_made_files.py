"""What `bin/source add` writes is what the rest of the repository reads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from lakehouse.airbyte import connection_file
from lakehouse.bronze.contract import Contract, Mode, ZeroRows
from lakehouse.bronze.contract_file import parse_contract
from lakehouse.onboarding.adding.evolution import first_table
from lakehouse.onboarding.adding.render.files import files_of
from lakehouse.onboarding.adding.render.models import mart_name
from lakehouse.onboarding.profiling.names import as_landed
from lakehouse.onboarding.profiling.profile import ColumnProfile, TableProfile
from lakehouse.onboarding.writing.blueprint import Blueprint, Column, Source, Table, as_text, read_blueprint
from tests.unit.lakehouse.onboarding.made_profiles import cafe

FILES = files_of(cafe("fct_cafe_orders", "dim_cafe_visits"))
MODELS = "include/dbt/models"


def contract(stream: str) -> Contract:
    return parse_contract(yaml.safe_load(FILES[f"include/contracts/{stream}.yaml"]), f"{stream}.yaml")


def model(path: str) -> dict[str, Any]:
    (described,) = yaml.safe_load(FILES[f"{MODELS}/{path}.yml"])["models"]
    return described


def columns(path: str) -> list[str]:
    return [column["name"] for column in model(path)["columns"]]


@pytest.fixture
def connections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for path, text in FILES.items():
        if path.startswith("include/airbyte"):
            (tmp_path / Path(path).name).write_text(text)
    monkeypatch.setattr(connection_file, "CONNECTION_FILES", tmp_path)
    return tmp_path


def test_each_way_of_reading_has_a_connection_of_the_business(connections: Path) -> None:
    declared = {each.name: each for each in connection_file.read_all_connection_files()}
    assert {name: each.lake_streams for name, each in declared.items()} == {
        "cafe_files_to_lake": ("cafe_deliveries",),
        "cafe_postgres_cdc_to_lake": ("cafe_stock",),
        "cafe_postgres_to_lake": ("cafe_orders", "cafe_order_lines", "cafe_visits"),
    }
    assert {each.business for each in declared.values()} == {"cafe"}
    assert {each.source.airflow_connection for each in declared.values()} == {"cafe_postgres", "cafe_files"}
    log = declared["cafe_postgres_cdc_to_lake"].source.configuration["replication_method"]
    assert (log["publication"], log["replication_slot"]) == ("cafe_publication", "cafe_slot")
    orders, lines, visits = declared["cafe_postgres_to_lake"].streams
    assert (orders.cursor_field, orders.primary_key) == ("updated_at", ("order_id",))
    assert (lines.sync_mode, lines.primary_key) == ("full_refresh_append", ("order_id", "line_no"))
    assert visits.primary_key == ()
    (deliveries,) = declared["cafe_files_to_lake"].source.configuration["streams"]
    assert deliveries["globs"] == ["deliveries_*.csv"]
    assert deliveries["format"] == {"filetype": "csv", "delimiter": ";"}


def test_a_contract_has_the_types_the_key_and_the_values_of_the_source() -> None:
    orders = contract("cafe_orders")
    assert (orders.source, orders.mode, orders.key, orders.cursor) == (
        "cafe_postgres",
        Mode.INCREMENTAL,
        ("order_id",),
        "updated_at",
    )
    by_name = {column.name: column for column in orders.columns}
    assert by_name["total"].type == pa.decimal128(12, 2)
    assert by_name["state"].one_of == ("open", "paid")
    assert [name for name, each in by_name.items() if each.required] == [
        "order_id",
        "state",
        "total",
        "updated_at",
    ]


@pytest.mark.parametrize("stream", ["cafe_orders", "cafe_order_lines", "cafe_visits", "cafe_stock"])
def test_a_table_may_be_empty_whether_or_not_it_was(stream: str) -> None:
    """An empty list is what the source has then: staging deletes the rows of the older ones."""
    assert contract(stream).zero_rows is ZeroRows.ALLOW


@pytest.mark.parametrize("kind", ["files", "rest"])
def test_a_whole_list_of_files_or_of_an_api_is_never_empty(kind: str) -> None:
    """It would delete all rows, and a folder or an answer is more likely empty by mistake."""
    table = Table("stores", "full_refresh", (Column("store_id", "bigint"),), ("store_id",))
    manifest = {"manifest": "office.yaml"} if kind == "rest" else {}
    files = files_of(Blueprint("office", (Source(kind, "", (table,), manifest),)))
    text = files["include/contracts/stores.yaml"]
    assert parse_contract(yaml.safe_load(text), "stores.yaml").zero_rows is ZeroRows.REFUSE


def test_a_value_with_a_quote_is_one_text_in_dbt_s_test_and_itself_in_the_contract() -> None:
    state = Column("state", "varchar", one_of=("it's", "ok"))
    table = Table("visits", "full_refresh", (Column("id", "int"), state), ("id",))
    files = files_of(Blueprint("office", (Source("postgres", "", (table,)),)))
    [model] = yaml.safe_load(files["include/dbt/models/staging/office/stg_visits.yml"])["models"]
    [test] = next(each["data_tests"] for each in model["columns"] if each["name"] == "state")
    assert test["accepted_values"]["arguments"]["values"] == ["it''s", "ok"]
    contract_of = yaml.safe_load(files["include/contracts/visits.yaml"])
    assert contract_of["columns"]["state"]["one_of"] == ["it's", "ok"]


def test_a_name_that_a_model_cannot_have_becomes_one_that_no_other_column_has() -> None:
    names = ("id", "null", "row_status", "source_row_status")
    table = Table("visits", "full_refresh", tuple(Column(name, "int") for name in names), ("id",))
    files = files_of(Blueprint("office", (Source("postgres", "", (table,)),)))
    [model] = yaml.safe_load(files["include/dbt/models/staging/office/stg_visits.yml"])["models"]
    assert [each["name"] for each in model["columns"]][:4] == [
        "id",
        "source_null",
        "source_source_row_status",
        "source_row_status",
    ]
    sql = files["include/dbt/models/staging/office/stg_visits.sql"]
    assert "'source_null': '\"null\"'" in sql


def test_the_log_has_a_source_of_its_own_and_files_their_own_columns() -> None:
    assert (contract("cafe_stock").source, contract("cafe_stock").mode) == ("cafe_postgres_cdc", Mode.CDC)
    deliveries = contract("cafe_deliveries")
    assert deliveries.cursor == "_ab_source_file_last_modified"
    assert [column.name for column in deliveries.columns if column.required] == [
        "delivery_id",
        "_ab_source_file_url",
        "_ab_source_file_last_modified",
    ]


@pytest.mark.parametrize(
    ("table", "call"),
    [
        (
            "orders",
            "stage_versions( 'raw_cafe_orders', key='order_id', cursor='updated_at', "
            """deleted='"deleted_at" is not null', )""",
        ),
        ("order_lines", "stage_snapshot( 'raw_cafe_order_lines', key=['order_id', 'line_no'], )"),
        (
            "visits",
            "stage_snapshot( 'raw_cafe_visits', key=[], "
            """columns={ 'source_row_status': '"row_status"', }, )""",
        ),
        (
            "stock",
            "stage_changes( 'raw_cafe_stock', key=['sku', 'place'], "
            """columns={ 'source_changed_at': '"changed_at"', }, )""",
        ),
        (
            "deliveries",
            "stage_versions( 'raw_cafe_deliveries', key='delivery_id', cursor='file_changed_at', columns={ "
            """'source_file': '"_ab_source_file_url"', """
            """'file_changed_at': '"_ab_source_file_last_modified"', }, )""",
        ),
    ],
)
def test_a_staging_model_is_one_call_of_its_macro(table: str, call: str) -> None:
    text = FILES[f"{MODELS}/staging/cafe/stg_cafe_{table}.sql"]
    assert re.sub(r"\s+", " ", text).strip() == f"{{{{ {call} }}}}"


def test_a_model_lists_the_columns_that_its_macro_makes() -> None:
    assert columns("staging/cafe/stg_cafe_orders") == [
        "order_id", "state", "total", "user", "updated_at", "deleted_at", "row_status", "bronze_date",
    ]  # fmt: skip
    assert columns("staging/cafe/stg_cafe_stock") == [
        "cafe_stock_key", "sku", "place", "source_changed_at",
        "changed_at", "change_lsn", "row_status", "bronze_date",
    ]  # fmt: skip
    assert columns("staging/cafe/stg_cafe_visits")[0] == "cafe_visits_key"
    assert "row_status" not in columns("staging/cafe/stg_cafe_deliveries")


def test_every_model_opens_with_its_grain_and_tests_its_key() -> None:
    paths = [
        path for path in FILES if path.startswith(MODELS) and path.endswith(".yml") and "sources" not in path
    ]
    assert len(paths) == 5 + 2 * 3
    for path in paths:
        described = model(path.removeprefix(f"{MODELS}/").removesuffix(".yml"))
        assert described["description"].startswith("One row per ")
        assert all(column["data_type"] and column["description"] for column in described["columns"])
        tested = [
            column
            for column in described["columns"]
            if column.get("data_tests", [])[:2] == ["unique", "not_null"]
        ]
        assert len(tested) == 1
    assert model("staging/cafe/stg_cafe_orders")["columns"][1]["data_tests"] == [
        {"accepted_values": {"arguments": {"values": ["open", "paid"]}}}
    ]


def test_gold_is_reached_layer_by_layer_and_shows_the_source_only() -> None:
    calls = {
        "intermediate/cafe/int_cafe_orders": "{{ same_rows('stg_cafe_orders', key='order_id') }}\n",
        "marts/cafe/fct_cafe_orders": "{{ same_rows('int_cafe_orders', key='order_id') }}\n",
        "gold/cafe/cafe_orders": "{{ published_rows('fct_cafe_orders', key='order_id') }}\n",
        "gold/cafe/cafe_visits": "{{ published_rows('dim_cafe_visits', key='cafe_visits_key') }}\n",
    }
    assert {path: FILES[f"{MODELS}/{path}.sql"] for path in calls} == calls
    assert columns("gold/cafe/cafe_orders") == ["order_id", "state", "total", "user", "updated_at"]


def test_gold_of_rows_that_are_never_deleted_asks_for_no_mark() -> None:
    text = files_of(cafe("fct_cafe_deliveries"))[f"{MODELS}/gold/cafe/cafe_deliveries.sql"]
    assert text == "{{ same_rows('fct_cafe_deliveries', key='delivery_id') }}\n"


def test_a_mart_is_a_fact_if_there_is_something_to_add_up() -> None:
    names = [mart_name(source, table) for source in cafe().sources for table in source.tables]
    assert names == [
        "fct_cafe_orders",
        "fct_cafe_order_lines",
        "dim_cafe_visits",
        "dim_cafe_stock",
        "fct_cafe_deliveries",
    ]


def test_sources_name_every_stream_once() -> None:
    (source,) = yaml.safe_load(FILES[f"{MODELS}/staging/cafe/sources.yml"])["sources"]
    assert source["name"] == "bronze"
    assert [table["name"] for table in source["tables"]] == [
        "raw_cafe_orders", "raw_cafe_order_lines", "raw_cafe_visits", "raw_cafe_stock", "raw_cafe_deliveries",
    ]  # fmt: skip


def test_a_blueprint_is_read_as_it_was_written(tmp_path: Path) -> None:
    """The next run makes the same files from it, so that only edits and changes of the source differ."""
    made = cafe("fct_cafe_orders")
    (tmp_path / made.path).parent.mkdir(parents=True)
    (tmp_path / made.path).write_text(as_text(made))
    read = read_blueprint("cafe", tmp_path)
    assert read is not None
    assert files_of(read) == files_of(made)
    assert read_blueprint("bistro", tmp_path) is None


def test_a_column_with_blanks_is_read_by_its_own_name_and_lands_under_another() -> None:
    seen = as_landed(
        TableProfile(
            name="sheet",
            columns=(
                ColumnProfile("Order Nr", "bigint", False, "bigint"),
                ColumnProfile("Gr\u00f6\u00dfe (cm)", "double", True, "double precision"),
                ColumnProfile("order_nr_old", "bigint", True, "bigint"),
                ColumnProfile("Modified On", "timestamp", False, "timestamp"),
                ColumnProfile("Deleted At", "timestamp", True, "timestamp"),
            ),
            key=("Order Nr",),
            cursor="Modified On",
            rows=1,
            mode="incremental",
            why="Modified On shows every change",
            schema="public",
            deleted_at="Deleted At",
        )
    )
    source = Source("postgres", "", (first_table(seen, "postgres"),), {"ssl_mode": "prefer"})
    files = files_of(Blueprint("office", (source,), ("fct_sheet",)))
    [stream] = yaml.safe_load(files["include/airbyte/office_postgres_to_lake.yaml"])["streams"]
    assert (stream["primary_key"], stream["cursor_field"]) == (["Order Nr"], "Modified On")
    rules = parse_contract(yaml.safe_load(files["include/contracts/sheet.yaml"]), "sheet.yaml")
    assert (rules.key, rules.cursor) == (("Order_Nr",), "Modified_On")
    assert [each.name for each in rules.columns] == [
        "Order_Nr",
        "Gro_e__cm_",
        "order_nr_old",
        "Modified_On",
        "Deleted_At",
    ]
    staged = yaml.safe_load(files[f"{MODELS}/staging/office/stg_sheet.yml"])["models"][0]["columns"]
    assert [each["name"] for each in staged][:4] == ["order_nr", "groesse_cm", "order_nr_old", "modified_on"]
    assert staged[1]["description"] == "Gr\u00f6\u00dfe (cm) of the source (double precision)."
    text = files[f"{MODELS}/staging/office/stg_sheet.sql"]
    assert all(f'"{name}"' in text for name in ("Order_Nr", "Gro_e__cm_", "Modified_On"))
    assert '"Deleted_At" is not null' in text
    gold = yaml.safe_load(files[f"{MODELS}/gold/office/sheet.yml"])["models"][0]["columns"]
    assert [each["name"] for each in gold][:4] == ["order_nr", "groesse_cm", "order_nr_old", "modified_on"]
    assert "deleted_at" not in [each["name"] for each in gold]
