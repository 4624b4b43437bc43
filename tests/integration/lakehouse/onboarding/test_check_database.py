"""`bin/source check` against a database that changes after it was brought in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lakehouse.airbyte import connection_file
from lakehouse.onboarding.adding.evolution import first_table
from lakehouse.onboarding.adding.render.files import files_of
from lakehouse.onboarding.checking.database import check_database, check_streamed
from lakehouse.onboarding.checking.declared import (
    declared_connections,
    declared_streams,
    streamed_connections,
)
from lakehouse.onboarding.checking.finding import Finding, Status
from lakehouse.onboarding.profiling.postgres import profile_postgres
from lakehouse.onboarding.writing.blueprint import Blueprint, Source
from testing.foreign_business import ForeignBusiness

Look = Callable[[], dict[str, Finding]]


@pytest.fixture
def look(
    business: ForeignBusiness, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Look]:
    """What is found of the cafe, by what it is about, once its files were made of its first day."""
    business.next_day()
    root = tmp_path_factory.mktemp("repository")
    profile = profile_postgres(business.dsn, cdc=["stock"])
    tables = tuple(first_table(table, "postgres") for table in profile.tables)
    source = Source("postgres", "cafe_", tables, {"schemas": ["public"], "ssl_mode": "disable"})
    for name, text in files_of(Blueprint(business.database, (source,))).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.setattr(connection_file, "CONNECTION_FILES", root / "include/airbyte")

    def found() -> dict[str, Finding]:
        findings = [
            finding
            for each in declared_connections(business.database)
            for finding in check_database(business.dsn, each, declared_streams(each, Path(root)))
        ]
        # The worst of each thing is what a reader must see.
        order = list(Status)
        return {
            finding.what: finding for finding in sorted(findings, key=lambda each: order.index(each.status))
        }

    return found


def test_all_fits_once_slot_and_publication_are_there(look: Look, business: ForeignBusiness) -> None:
    log = f"{business.database}_postgres_cdc"
    before = look()
    assert {what for what, finding in before.items() if finding.status is not Status.FITS} == {log}
    assert before[log].remedy.startswith("at the source: ")
    with business.connection() as owner:
        for _ in range(2):
            owner.execute(look()[log].remedy.removeprefix("at the source: "))
    after = look()
    assert {finding.status for finding in after.values()} == {Status.FITS}
    assert len(after) == 7 + 2
    assert after["cafe_feedback"].words == "3 columns as the contract says, full_refresh, no key"


@pytest.mark.parametrize(
    ("statement", "stream", "words", "remedy"),
    [
        (
            "alter table products rename column cost to unit_cost",
            "cafe_products",
            "cost is absent; unit_cost is new",
            "--rename products.cost=unit_cost, if that is its new name",
        ),
        (
            "alter table orders alter column total type text",
            "cafe_orders",
            "total is text now, and the contract says decimal(10,2)",
            "gives it the type varchar in the contract",
        ),
        (
            "alter type order_state add value 'refunded'",
            "cafe_orders",
            "state may be refunded now, and rows with it would go to quarantine",
            "adds it to the contract",
        ),
        (
            "alter table stores rename to shops",
            "cafe_stores",
            "there is no table stores in schema public any more",
            "--drop stores",
        ),
        (
            "alter table order_items drop constraint order_items_pkey",
            "cafe_order_items",
            "no unique index covers order_id, line: it has no key any more",
            "--key order_items=<columns>",
        ),
        (
            "alter table orders alter column updated_at drop not null",
            "cafe_orders",
            "its cursor updated_at may be null; rows without it never arrive",
            "",
        ),
        (
            "alter table stock replica identity nothing",
            "cafe_log",
            "the log does not name the deleted rows of public.stock",
            'REPLICA IDENTITY DEFAULT;',
        ),
    ],
)  # fmt: skip
def test_what_no_longer_fits_is_named_with_what_to_type(
    look: Look, business: ForeignBusiness, statement: str, stream: str, words: str, remedy: str
) -> None:
    business.publish(["stock"])
    assert {finding.status for finding in look().values()} == {Status.FITS}
    with business.connection() as owner:
        owner.execute(statement)
    stream = stream.replace("cafe_log", f"{business.database}_postgres_cdc")
    finding = look()[stream]
    assert finding.status in (Status.DIFFERS, Status.NOTE)
    assert words in finding.words
    assert remedy in finding.remedy


def test_what_is_read_all_day_is_looked_at_once_it_has_a_slot(look: Look, business: ForeignBusiness) -> None:
    business.publish(["stock"])
    files = connection_file.CONNECTION_FILES
    night, day = (files / f"{business.database}_postgres_{kind}_to_lake.yaml" for kind in ("cdc", "stream"))
    text = night.read_text().replace("_postgres_cdc", "_postgres_stream").replace("small_table", "stream")
    day.write_text(text.replace(f"{business.database}_slot", f"{business.database}_day"))
    contracts = files.parent / "contracts"
    (contracts / "stream").mkdir()
    contract = (contracts / "cafe_stock.yaml").read_text()
    (contracts / "stream/cafe_stock.yaml").write_text(contract.replace("_postgres_cdc", "_postgres_stream"))

    def found() -> list[Finding]:
        [declared] = streamed_connections(business.database)
        return list(check_streamed(business.dsn, declared, declared_streams(declared, files.parents[1])))

    [finding] = found()
    assert finding.status is Status.NOTE
    assert f"there is no replication slot {business.database}_day" in finding.words
    assert finding.remedy.startswith("bin/stream start makes it")
    with business.connection() as owner:
        owner.execute(
            "select pg_create_logical_replication_slot(%s, 'pgoutput')", (f"{business.database}_day",)
        )
    assert [each.status for each in found()] == [Status.FITS] * 3
    with business.connection() as owner:
        owner.execute("alter table stock rename column on_hand to units")
    [changed] = [each.words for each in found() if each.what == "cafe_stock"]
    assert changed == "on_hand is absent; units is new"
    assert "cafe_stock" in look(), "the night's connection is looked at as before"


def test_a_table_that_the_publication_lost_is_added_by_the_sql_that_is_told(
    look: Look, business: ForeignBusiness
) -> None:
    business.publish(["stock", "orders"])
    publication, log = f"{business.database}_publication", f"{business.database}_postgres_cdc"
    with business.connection() as owner:
        owner.execute(f"alter publication {publication} drop table stock")
        finding = look()[log]
        assert finding.words == f"the publication {publication} lacks public.stock"
        owner.execute(finding.remedy.removeprefix("at the source: "))
    assert look()[log].status is Status.FITS


def test_a_publication_of_partitions_is_mended_by_the_sql_that_is_told(
    look: Look, business: ForeignBusiness
) -> None:
    business.publish(["orders"])
    publication, log = f"{business.database}_publication", f"{business.database}_postgres_cdc"
    with business.connection() as owner:
        owner.execute("alter table stock rename to old_stock")
        owner.execute("create table stock (like old_stock including all) partition by hash (store_id)")
        owner.execute("create table stock_1 partition of stock for values with (modulus 1, remainder 0)")
        owner.execute(f"alter publication {publication} add table stock")
        finding = look()[log]
        assert finding.words == f"the publication {publication} lacks public.stock"
        assert finding.remedy.endswith("SET (publish_via_partition_root = true);")
        owner.execute(finding.remedy.removeprefix("at the source: "))
    assert look()[log].status is Status.FITS
