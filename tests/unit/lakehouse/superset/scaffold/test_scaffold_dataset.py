"""`bin/dashboard add-dataset`: what it makes of a model's .yml, and what it leaves alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from lakehouse.superset.bundle_checks import faults
from lakehouse.superset.scaffold.gold_table import Column

Dashboard = Callable[[str], int]


@pytest.fixture
def file(assets: Path, dashboard: Dashboard) -> Path:
    """The dataset of gold.orders, just written."""
    assert dashboard("add-dataset gold.orders") == 0
    return assets / "datasets" / "Lakehouse" / "orders.yaml"


def content(file: Path) -> Any:
    return yaml.safe_load(file.read_text())


def add_column(models: Path, line: str) -> None:
    model = models / "inn" / "orders.yml"
    model.write_text(f"{model.read_text()}      - {line}\n")


def test_a_dataset_has_the_columns_types_and_descriptions_of_the_model(file: Path) -> None:
    dataset = content(file)
    assert (dataset["schema"], dataset["table_name"]) == ("gold", "orders")
    assert dataset["main_dttm_col"] == "order_date"
    assert dataset["description"] == "One row per order that is not deleted."
    columns = {each["column_name"]: each for each in dataset["columns"]}
    assert list(columns)[:6] == [
        "order_id",
        "customer_id",
        "product_id",
        "order_date",
        "quantity",
        "amount",
    ]
    assert {name: each["type"] for name, each in columns.items() if name in ("amount", "order_date")} == {
        "amount": "DECIMAL",
        "order_date": "DATE",
    }
    assert [name for name, each in columns.items() if each["is_dttm"]] == [
        "order_date",
        "created_at",
        "updated_at",
    ]
    assert [name for name, each in columns.items() if not each["groupby"]] == ["quantity", "amount"]
    assert columns["status"]["description"] == "pending or completed."


def test_rows_are_counted_and_numbers_summed_but_keys_are_not(file: Path) -> None:
    metrics = {each["metric_name"]: each["expression"] for each in content(file)["metrics"]}
    assert metrics == {
        "row_count": "COUNT(*)",
        "sum_quantity": 'SUM("quantity")',
        "sum_amount": 'SUM("amount")',
    }


@pytest.mark.parametrize(
    ("name", "kind", "is_key"),
    [
        ("id", "BIGINT", False),
        ("guest_id", "BIGINT", False),
        ("seats_key", "BIGINT", False),
        ("year", "INTEGER", False),
        ("number", "BIGINT", True),
        ("name", "VARCHAR", False),
        ("paid", "BOOLEAN", False),
    ],
)
def test_what_makes_no_sense_as_a_sum_is_not_a_measure(name: str, kind: str, is_key: bool) -> None:
    assert not Column(name, kind, "", is_key).is_measure


def test_the_file_can_be_imported(assets: Path, file: Path) -> None:
    paths = [file, assets / "databases" / "Lakehouse.yaml"]
    files = {path.relative_to(assets).as_posix(): content(path) for path in paths}
    assert list(faults(files)) == []


def test_a_second_call_changes_nothing(file: Path, dashboard: Dashboard) -> None:
    before = file.read_bytes()
    assert dashboard("add-dataset gold.orders") == 0
    assert file.read_bytes() == before


def test_a_new_column_is_added_and_what_a_person_wrote_stays(
    file: Path, models: Path, dashboard: Dashboard
) -> None:
    edited = file.read_text().replace("verbose_name: Amount", "verbose_name: Turnover")
    file.write_text(f"# Ours.\n{edited}")
    add_column(models, "{name: tip, data_type: double, description: Tip.}")
    assert dashboard("add-dataset gold.orders") == 0
    text = file.read_text()
    assert text.startswith("# Ours.\n# gold.orders, built by")
    assert text.count("verbose_name: Turnover") == 2
    grown = content(file)
    assert grown["columns"].pop()["column_name"] == "tip"
    assert grown["metrics"].pop()["expression"] == 'SUM("tip")'
    assert grown == yaml.safe_load(edited)


def test_comments_inside_a_file_are_not_lost(
    file: Path, models: Path, dashboard: Dashboard, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(file.read_text().replace("metrics:\n", "metrics:\n# What we measure.\n"))
    add_column(models, "{name: tip, data_type: double}")
    before = file.read_bytes()
    assert dashboard("add-dataset gold.orders") == 2
    assert "orders.yaml has comments inside" in capsys.readouterr().err
    assert file.read_bytes() == before


def test_a_text_that_looks_like_a_comment_is_not_one(file: Path, models: Path, dashboard: Dashboard) -> None:
    described = "description: |-\n  Orders.\n  # Not a comment.\n"
    file.write_text(
        file.read_text().replace("description: One row per order that is not deleted.\n", described)
    )
    add_column(models, "{name: tip, data_type: double}")
    assert dashboard("add-dataset gold.orders") == 0
    assert content(file)["description"] == "Orders.\n# Not a comment."


def test_a_column_that_the_table_lost_is_named_and_stays(
    file: Path, models: Path, dashboard: Dashboard, capsys: pytest.CaptureFixture[str]
) -> None:
    model = models / "inn" / "orders.yml"
    model.write_text("\n".join(line for line in model.read_text().splitlines() if "category" not in line))
    before = file.read_bytes()
    assert dashboard("add-dataset gold.orders") == 0
    assert "columns that gold.orders lacks: category" in capsys.readouterr().out
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("gold.nights", "gold.nights has no .yml below .*; there are: gold.orders"),
        ("serving.orders", "serving.orders is not a table of gold"),
    ],
)
def test_a_table_that_has_no_model_is_refused(
    table: str, said: str, dashboard: Dashboard, capsys: pytest.CaptureFixture[str], assets: Path
) -> None:
    assert dashboard(f"add-dataset {table}") == 2
    assert re.search(said, capsys.readouterr().err)
    assert not (assets / "datasets").exists()


def test_a_column_without_a_type_is_refused(
    models: Path, dashboard: Dashboard, capsys: pytest.CaptureFixture[str]
) -> None:
    add_column(models, "{name: tip}")
    assert dashboard("add-dataset gold.orders") == 2
    assert "the column tip of orders has no data_type" in capsys.readouterr().err
