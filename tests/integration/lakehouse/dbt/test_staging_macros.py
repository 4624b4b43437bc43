"""The macros that stage and publish a new business: gold holds what the source does, in any order."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakehouse.bronze.catalogue import BronzeCatalogue
from lakehouse.dbt.project import PROJECT_FOLDER
from lakehouse.platform.lake_layout import BRONZE, bronze_data_key
from tests.integration.lakehouse.dbt.foreign_nights import (
    NIGHTS,
    SOURCE,
    TABLES,
    Row,
    Table,
    at,
    at_the_source,
    bronze,
    project_files,
    rate,
    schema_of,
)


class Inn:
    """The business in the lake: its bronze, a dbt project of its models alone, and its tables."""

    def __init__(self, lake: Any, project: Path) -> None:
        self.lake = lake
        self.project = project
        self._shown: set[str] = set()
        self._empty: dict[str, set[date]] = {}

    def load(self, night: date, partitions: dict[str, list[Row]], tables: Sequence[Table] = TABLES) -> None:
        """Write bronze partitions of the night, and show them in `bronze.raw_inn_*`."""
        for table in tables:
            if table.name in partitions:
                extracted = {"_airbyte_extracted_at": at(night, 23), "_airbyte_sync_id": 1}
                rows = [extracted | row for row in partitions[table.name]]
                file = io.BytesIO()
                pq.write_table(pa.Table.from_pylist(rows, schema_of(table)), file)
                key = bronze_data_key(SOURCE, table.stream, night)
                self.lake.objects.put_object(Bucket=self.lake.bucket, Key=key, Body=file.getvalue())
                self._show(table)
                nights = self._empty.setdefault(table.stream, set())
                (nights.discard if rows or not table.is_a_whole_list else nights.add)(night)
        newest = [(stream, max(nights)) for stream, nights in self._empty.items() if nights]
        BronzeCatalogue(self.lake.client).show_empty_lists(newest)

    def run(self, night: date, *more: str) -> dict[str, int | None]:
        """Build all layers for the night; rows written by model."""
        code, results = self.lake.dbt("run", *more, night=night, project=self.project)
        assert code == 0, [result for result in results.results if result.status != "success"]
        return {result.name: result.rows for result in results.results}

    def gold(self) -> dict[str, list[str]]:
        """Each table of gold as text, in the source's columns alone."""
        return {table.name: self._text(f"gold.{table.stream}", list(table.columns)) for table in TABLES}

    def tables(self) -> dict[str, list[str]]:
        """Every table of every layer, whole, as text."""
        names = [f"{layer}.{model}" for table in TABLES for layer, model in table.models]
        return {name: self.lake.text_of(name) for name in names}

    def empty(self) -> None:
        """Drop the tables and delete the partitions."""
        for table in TABLES:
            for layer, model in table.models:
                self.lake.client.run(f"drop table if exists {layer}.{model}")
            if table.name in self._shown:
                self.lake.client.run(f"alter pds {_dataset(table)} forget metadata")
        self._shown.clear()
        self._empty.clear()
        found = self.lake.objects.list_objects_v2(Bucket=self.lake.bucket, Prefix=f"{BRONZE}{SOURCE}/")
        for each in found.get("Contents", []):
            self.lake.objects.delete_object(Bucket=self.lake.bucket, Key=each["Key"])

    def _text(self, table: str, columns: list[str]) -> list[str]:
        rows = self.lake.rows(f"select {', '.join(_quoted(columns))} from {table}")
        return sorted(json.dumps([row[name] for name in columns], default=str) for row in rows)

    def _show(self, table: Table) -> None:
        if table.name not in self._shown:
            self.lake.client.promote(["lake_bronze", SOURCE, table.stream])
            columns = ", ".join(_quoted(schema_of(table).names))
            self.lake.client.run(
                f"create or replace view bronze.raw_{table.stream} as "
                f"select {columns}, cast(substr(dir0, 6) as date) as bronze_date from {_dataset(table)}"
            )
            self._shown.add(table.name)
        self.lake.client.run(
            f"alter pds {_dataset(table)} refresh metadata auto promotion force update delete when missing"
        )


def _quoted(names: list[str]) -> list[str]:
    return [f'"{name}"' for name in names]


def _dataset(table: Table) -> str:
    return f'"lake_bronze"."{SOURCE}"."{table.stream}"'


def expected(night: date) -> dict[str, list[str]]:
    """The source after the night, as `Inn.gold` writes it."""

    def as_dremio_says(value: Any) -> Any:
        if isinstance(value, date) and not hasattr(value, "hour"):
            return str(value)
        return value.isoformat(sep=" ", timespec="milliseconds") if hasattr(value, "hour") else value

    return {
        name: sorted(json.dumps([as_dremio_says(value) for value in row]) for row in rows)
        for name, rows in at_the_source()[night].items()
    }


@pytest.fixture(scope="module")
def inn(lake: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inn]:
    project = tmp_path_factory.mktemp("inn")
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(PROJECT_FOLDER / name, project)
    shutil.copytree(PROJECT_FOLDER / "macros", project / "macros")
    for path, text in project_files():
        file = project / "models" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    made = Inn(lake, project)
    made.empty()
    yield made
    made.empty()


@pytest.fixture(scope="module")
def written(inn: Inn) -> dict[date, dict[str, int | None]]:
    """Rows by model of each night, in order; each night's gold is the source's rows."""
    found = {}
    for night, partitions in bronze().items():
        inn.load(night, partitions)
        found[night] = inn.run(night)
        assert inn.gold() == expected(night), night
    return found


@pytest.fixture(scope="module")
def in_order(inn: Inn, written: dict[date, dict[str, int | None]]) -> dict[str, list[str]]:
    """All tables after these nights."""
    return inn.tables()


def test_gold_is_the_source_after_every_night(inn: Inn, in_order: dict[str, list[str]]) -> None:
    assert inn.gold() == expected(NIGHTS[-1])
    assert all(rows for name, rows in in_order.items() if name.startswith("staging."))


def test_rows_that_leave_gold_are_rows_that_changed(written: dict[date, dict[str, int | None]]) -> None:
    """The night's summary said 0 of a list that was emptied."""
    tours = [written[night]["inn_tours"] for night in NIGHTS]
    assert tours == [0, 2, 2, 2], "none yet; two came; both went; one is back and another came"
    assert written[NIGHTS[1]]["inn_rooms"] == 4, "one changed, one came, two went"


def test_replay_writes_nothing(inn: Inn, in_order: dict[str, list[str]]) -> None:
    written = inn.run(NIGHTS[1])
    assert len(written) == sum(len(table.models) for table in TABLES)
    assert {name: rows for name, rows in written.items() if rows} == {}
    assert inn.tables() == in_order


def test_full_refresh_builds_the_same_tables(inn: Inn, in_order: dict[str, list[str]]) -> None:
    inn.run(NIGHTS[0], "--full-refresh")
    assert inn.tables() == in_order


def test_a_partition_loaded_again_replaces_its_rows(inn: Inn, in_order: dict[str, list[str]]) -> None:
    """The last night's lists came again: a row left out is deleted, a row with an equal cursor corrected. A
    list that was empty has rows now, and then none again."""
    again = {
        "guests": [{**bronze()[NIGHTS[-1]]["guests"][0], "status": "corrected"}],
        "rooms": [{"room_id": 6, "size": "other", "_airbyte_sync_id": 6}],
        "notes": [{"author": "zoe", "year": 10}],
        "tours": [],
    }
    inn.load(NIGHTS[-1], again)
    inn.run(NIGHTS[-1])
    gold = inn.gold()
    assert gold["rooms"] == ['[6, "other"]']
    assert gold["notes"] == ['["zoe", 10]']
    assert gold["tours"] == []
    assert [row for row in gold["guests"] if '"e"' in row] == [
        '["e", "corrected", "2025-10-17 12:00:00.000"]'
    ]
    inn.load(NIGHTS[-1], {name: bronze()[NIGHTS[-1]][name] for name in again})
    inn.run(NIGHTS[-1])
    assert inn.gold() == expected(NIGHTS[-1])


def test_nights_that_arrive_in_another_order_make_the_same_tables(
    inn: Inn, in_order: dict[str, list[str]]
) -> None:
    inn.empty()
    for number in (2, 3, 0, 1, 0):
        inn.load(NIGHTS[number], bronze()[NIGHTS[number]])
        inn.run(NIGHTS[number])
    assert inn.gold() == expected(NIGHTS[-1])
    assert inn.tables() == in_order


def test_a_column_takes_what_its_source_has_since_in_every_layer(
    inn: Inn, in_order: dict[str, list[str]]
) -> None:
    """The source's price has cents since, and then is a text. Dremio alters no column so, and no merge
    puts one into a column of other numbers."""
    [rates] = [table for table in TABLES if table.name == "rates"]
    before = [json.loads(row) for row in expected(NIGHTS[-1])["rates"]]
    held = "integer"
    changes: list[tuple[str, Decimal | str, type]] = [
        ("decimal(12, 2)", Decimal("7.25"), float),
        ("varchar", "on request", str),
    ]
    for number, (kind, price, as_gold_says) in enumerate(changes, 1):
        night, retyped = NIGHTS[-1] + timedelta(days=number), rates.columns | {"price": kind}
        for layer, model in rates.models:
            file = inn.project / "models" / layer / f"{model}.yml"
            was = f"name: price\n        data_type: {held}\n"
            text = file.read_text(encoding="utf-8")
            assert was in text
            file.write_text(text.replace(was, was.replace(held, kind)), encoding="utf-8")
        inn.load(night, {"rates": [rate("new", "x", price, night)]}, [replace(rates, columns=retyped)])
        assert {name: rows for name, rows in inn.run(night).items() if rows and "rates" not in name} == {}
        assert [json.loads(row) for row in inn.gold()["rates"]] == sorted(
            [
                room,
                season,
                as_gold_says(price if room == "new" else old),
                str(night) if room == "new" else since,
            ]
            for room, season, old, since in before
        )
        assert {name: rows for name, rows in inn.run(night).items() if rows} == {}, "it is built again once"
        held = kind
