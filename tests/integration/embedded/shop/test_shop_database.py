"""The shop on a real PostgreSQL: steps do not matter, nothing goes back, and the API pages without gaps."""

from __future__ import annotations

import datetime as dt
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql

from embedded.composition.first_night import first_night
from embedded.settings import Settings
from testing.ingestion_stack import IngestionStack
from testing.repository import ROOT

Query = Callable[..., list[tuple[Any, ...]]]
KEYS = {
    "customers": "customer_id",
    "products": "product_id",
    "orders": "order_id",
    "shipments": "shipment_id",
    "stock_levels": "product_id, warehouse",
}
START = dt.date(2025, 8, 1)


@pytest.fixture
def empty_shops(stack: IngestionStack, tmp_path: Path) -> Iterator[list[dict[str, str]]]:
    """The variables of two empty shop databases with state folders of their own."""
    place = {
        "host": stack.environ["SHOP_PG_HOST"],
        "port": stack.environ["SHOP_PG_PORT"],
        "dbname": "postgres",
    }
    password = stack.superuser_password()
    names = ("shop_one", "shop_two")
    with psycopg.connect(**place, user="postgres", password=password, autocommit=True) as superuser:
        for name in names:
            superuser.execute(sql.SQL("create database {} owner shop").format(sql.Identifier(name)))
        yield [{"SHOP_PG_DATABASE": name, "LAKEHOUSE_STATE_DIR": str(tmp_path / name)} for name in names]
        for name in names:
            superuser.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def connection_of(stack: IngestionStack, shop: dict[str, str]) -> dict[str, str]:
    place = {key: stack.environ[f"SHOP_PG_{key.upper()}"] for key in ("host", "port", "user", "password")}
    return place | {"dbname": shop["SHOP_PG_DATABASE"]}


def content(stack: IngestionStack, shop: dict[str, str]) -> dict[str, Any]:
    """A checksum of each table and the text of each CSV batch."""
    found: dict[str, Any] = {}
    with psycopg.connect(**connection_of(stack, shop)) as connection:
        for table, key in KEYS.items():
            query = f"select count(*), md5(string_agg(t::text, '|' order by {key})) from {table} as t"
            found[table] = connection.execute(query).fetchone()
    batches = Path(shop["LAKEHOUSE_STATE_DIR"], "shop", "csv").glob("batch_*.csv")
    return found | {file.name: file.read_text() for file in batches}


def test_advancing_day_by_day_is_the_same_as_advancing_at_once(
    stack: IngestionStack, empty_shops: list[dict[str, str]]
) -> None:
    steps, leap = empty_shops
    for offset in (0, 1, 2, 40):
        done = stack.shop(
            "advance", "--to", str(START + dt.timedelta(days=offset)), "--orders", "8000", **steps
        )
        assert done.returncode == 0, done.stderr
    done = stack.shop("advance", "--to", str(START + dt.timedelta(days=40)), "--orders", "8000", **leap)
    assert done.returncode == 0, done.stderr
    by_steps, at_once = content(stack, steps), content(stack, leap)
    assert by_steps == at_once
    assert by_steps["orders"][0] > 5000
    assert f"batch_{START + dt.timedelta(days=40):%Y%m%d}.csv" in by_steps


def test_the_shop_never_goes_back_and_keeps_its_size(
    stack: IngestionStack, empty_shops: list[dict[str, str]]
) -> None:
    shop = empty_shops[0]
    assert stack.shop("advance", "--to", str(START), "--orders", "500", **shop).returncode == 0
    before = content(stack, shop)
    back = stack.shop("advance", "--to", "2025-01-01", **shop)
    assert back.returncode == 0
    assert (
        back.stdout
        == f"shop: stays at {START}, after 2025-01-01: it never goes back, and what happened is kept\n"
    )
    again = stack.shop("advance", "--to", str(START), **shop)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", ""), "nothing to do, nothing to say"
    other_size = stack.shop("advance", "--to", "2025-09-01", "--orders", "501", **shop)
    assert other_size.returncode == 2
    assert "ORDERS=500" in other_size.stderr
    assert "make reset" in other_size.stderr
    assert content(stack, shop) == before


def test_what_run_night_runs_before_the_first_night_needs_airflows_variables_alone(
    stack: IngestionStack, empty_shops: list[dict[str, str]], tmp_path: Path
) -> None:
    shop = empty_shops[0]
    assert stack.shop("advance", "--to", str(START), "--orders", "500", **shop).returncode == 0
    told = first_night(Settings.from_environ(stack.environ))
    done = subprocess.run(
        shlex.split(told["LAKEHOUSE_FIRST_NIGHT_COMMAND"]),
        cwd=tmp_path,
        env=stack.environ | shop | {"PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"shop: advanced from {START} to {told['LAKEHOUSE_FIRST_NIGHT']}: wrote ")


def test_a_shop_of_an_earlier_release_is_given_its_stock(
    stack: IngestionStack, empty_shops: list[dict[str, str]]
) -> None:
    """Such a shop has neither the table nor its publication, and may already be at the day asked for."""
    old, new = empty_shops
    for shop in (old, new):
        assert stack.shop("advance", "--to", str(START), "--orders", "500", **shop).returncode == 0
    with psycopg.connect(**connection_of(stack, old), autocommit=True) as connection:
        connection.execute("drop table stock_levels")
        published = "select tablename from pg_publication_tables where pubname = 'airbyte_publication'"
        assert ("stock_levels",) not in connection.execute(published).fetchall()
        again = stack.shop("advance", "--to", str(START), **old)
        assert again.returncode == 0, again.stderr
        assert ("stock_levels",) in connection.execute(published).fetchall()
    assert content(stack, old) == content(stack, new)
    day = START + dt.timedelta(days=3)
    for shop in (old, new):
        assert stack.shop("advance", "--to", str(day), **shop).returncode == 0
    assert content(stack, old) == content(stack, new)


def test_a_shop_of_an_earlier_release_is_made_ready_for_the_stream_and_nothing_else_changes(
    stack: IngestionStack, empty_shops: list[dict[str, str]]
) -> None:
    """The night's slot that somebody dropped on purpose must not come back with it."""
    old, _ = empty_shops
    assert stack.shop("advance", "--to", str(START), "--orders", "500", **old).returncode == 0
    before = content(stack, old)
    with psycopg.connect(**connection_of(stack, old), autocommit=True) as connection:
        connection.execute("drop publication airbyte_stream_publication")
        connection.execute("drop table stream_tracer")
        slots = "select count(*) from pg_replication_slots where database = current_database()"
        held = connection.execute(slots).fetchone()
        again = stack.shop("advance", "--to", str(START), **old)
        assert again.returncode == 0, again.stderr
        assert streamed(connection) == ["customers", "orders", "stream_tracer"]
        assert connection.execute(slots).fetchone() == held
        inserted = connection.execute("insert into stream_tracer (note) values ('x') returning tracer_id")
        assert inserted.fetchone() == (1,)
        connection.execute("alter publication airbyte_stream_publication drop table orders")
        assert stack.shop("advance", "--to", str(START), **old).returncode == 0
        assert streamed(connection) == ["customers", "orders", "stream_tracer"]
    assert content(stack, old) == before


def streamed(connection: psycopg.Connection[Any]) -> list[str]:
    published = (
        "select tablename from pg_publication_tables"
        " where pubname = 'airbyte_stream_publication' order by tablename"
    )
    return [name for (name,) in connection.execute(published)]


def test_a_stream_that_nobody_started_keeps_no_log_of_the_open_shop(query: Query) -> None:
    """A slot without a reader keeps the log of every database, up to max_slot_wal_keep_size."""
    published = query(
        "select tablename from pg_publication_tables where pubname = 'airbyte_stream_publication'"
    )
    assert {name for (name,) in published} == {"customers", "orders", "stream_tracer"}
    assert query("select slot_name from pg_replication_slots where slot_name <> 'airbyte_slot'") == []


def test_a_tracer_is_stamped_by_the_source_s_clock_in_utc_whatever_the_session_s_zone(query: Query) -> None:
    [(seconds,)] = query(
        "with zone as (select set_config('timezone', 'Pacific/Auckland', true) as name), added as ("
        " insert into stream_tracer (note) select name from zone returning committed_at)"
        " select extract(epoch from clock_timestamp() at time zone 'UTC' - committed_at) from added"
    )
    assert 0 <= seconds < 10
    query("delete from stream_tracer returning true")


def test_the_open_shop_publishes_every_table_and_keeps_its_log_for_capture(query: Query) -> None:
    published = query("select tablename from pg_publication_tables where pubname = 'airbyte_publication'")
    assert {name for (name,) in published} == set(KEYS)
    found = query(
        "select plugin, database, current_setting('wal_level'), "
        "pg_size_bytes(current_setting('max_slot_wal_keep_size')) > 0 "
        "from pg_replication_slots where slot_name = 'airbyte_slot'"
    )
    assert found == [("pgoutput", "shop", "logical", True)]


@pytest.mark.parametrize(("day", "words"), [("2024-10-16", "opened on 2024-10-17"), ("yesterday", "invalid")])
def test_a_day_the_shop_does_not_have_is_refused(
    stack: IngestionStack, empty_shops: list[dict[str, str]], day: str, words: str
) -> None:
    done = stack.shop("advance", "--to", day, **empty_shops[0])
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_is_down_is_one_clear_line(stack: IngestionStack) -> None:
    done = stack.shop("status", SHOP_PG_PORT="1")
    assert done.returncode == 3
    assert done.stderr.startswith("shop: the database does not answer")
    assert "Traceback" not in done.stderr


class TestShipmentsApi:
    """GET /api/v1/shipments as a client sees it."""

    @pytest.fixture
    def api(self, stack: IngestionStack) -> Iterator[httpx.Client]:
        headers = {"Authorization": f"Bearer {stack.environ['SHOP_API_TOKEN']}"}
        with httpx.Client(base_url=stack.environ["SHOP_API_URL"], headers=headers, timeout=30) as client:
            yield client

    @pytest.mark.parametrize("authorization", ["", "Bearer wrong", "Basic abc"])
    def test_no_token_no_data(self, api: httpx.Client, authorization: str) -> None:
        answer = api.get("/api/v1/shipments", headers={"Authorization": authorization})
        assert answer.status_code == 401
        assert "data" not in answer.json()

    @pytest.mark.parametrize("limit", [0, -1, 10_001])
    def test_a_page_size_out_of_range_is_refused(self, api: httpx.Client, limit: int) -> None:
        assert api.get("/api/v1/shipments", params={"limit": limit}).status_code == 422

    def test_pages_join_without_gap_or_double(self, api: httpx.Client, query: Query) -> None:
        last = query("select updated_at from shipments order by updated_at desc limit 1 offset 24")[0][0]
        wanted = query(
            "select shipment_id from shipments where updated_at >= %s order by updated_at", (last,)
        )
        assert len(wanted) == 25
        found: list[int] = []
        for offset in range(0, 40, 10):  # two full pages, a partial one, an empty one
            parameters: dict[str, Any] = {"updated_after": last.isoformat(), "offset": offset, "limit": 10}
            page = api.get("/api/v1/shipments", params=parameters).json()
            assert page["total"] == 25
            assert len(page["data"]) == max(0, min(10, 25 - offset))
            found += [shipment["shipment_id"] for shipment in page["data"]]
        assert found == [number for (number,) in wanted]

    def test_pages_that_follow_the_token_lose_no_row_that_is_changed_meanwhile(
        self, api: httpx.Client, query: Query
    ) -> None:
        last = query("select updated_at from shipments order by updated_at desc limit 1 offset 24")[0][0]
        where = {"updated_after": last.isoformat(), "limit": 10}
        page = api.get("/api/v1/shipments", params=where).json()
        found = [shipment["shipment_id"] for shipment in page["data"]]
        moved = found[0]
        [(before,)] = query("select updated_at from shipments where shipment_id = %s", (moved,))
        latest = "(select max(updated_at) + interval '1 second' from shipments)"
        query(f"update shipments set updated_at = {latest} where shipment_id = %s returning true", (moved,))
        try:
            while page["next_page_token"]:
                token = {"page_token": page["next_page_token"]}
                page = api.get("/api/v1/shipments", params=where | token).json()
                assert page["total"] == 25
                found += [shipment["shipment_id"] for shipment in page["data"]]
        finally:
            query(
                "update shipments set updated_at = %s where shipment_id = %s returning true", (before, moved)
            )
        assert len(found) == 26
        assert len(set(found)) == 25
        assert found[-1] == moved

    @pytest.mark.parametrize("token", ["x", "2025-10-16T00:00:00,", "2025-13-16T00:00:00,1", ",1"])
    def test_a_token_that_the_api_did_not_give_is_refused(self, api: httpx.Client, token: str) -> None:
        answer = api.get("/api/v1/shipments", params={"page_token": token})
        assert answer.status_code == 422
        assert "is not a next_page_token" in answer.text

    def test_updated_after_is_inclusive(self, api: httpx.Client, query: Query) -> None:
        newest = query("select max(updated_at) from shipments")[0][0]
        page = api.get("/api/v1/shipments", params={"updated_after": newest.isoformat()}).json()
        assert page["total"] >= 1
        assert page["data"][0]["updated_at"] == newest.isoformat(timespec="microseconds")
