"""The open shop on a real PostgreSQL: its changes, its end, and the dated shop beside it."""

from __future__ import annotations

import datetime as dt
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from embedded.shop.live import LiveShop, Rhythm
from embedded.shop.live_changes import FIRST_ID, Kind
from testing.ingestion_stack import IngestionStack
from testing.repository import PYTHON, ROOT
from testing.waiting import wait_until

DAY, NEXT_DAY = "2025-08-01", "2025-08-02"
COUNT = Rhythm(rate=0, burst=400)
"""So many changes at once, and no more: what a test counts does not hang on the machine's speed."""


@dataclass
class OwnShop:
    """A shop in a database of its own, at the end of `DAY`."""

    stack: IngestionStack
    variables: dict[str, str]
    where: dict[str, Any]

    @property
    def conninfo(self) -> str:
        return psycopg.conninfo.make_conninfo("", **self.where)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(**self.where) as connection:
            return connection.execute(query).fetchall()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.stack.shop(*arguments, **self.variables)

    def live(self, rhythm: Rhythm = COUNT, seed: int = 7) -> dict[Kind, int]:
        """What changed."""
        return dict(LiveShop(self.conninfo, seed).run(rhythm, threading.Event()).changes)


@contextmanager
def opened(stack: IngestionStack, folder: Path, *names: str) -> Iterator[list[OwnShop]]:
    """Shops that are alike, in databases of these names, until the end of the block."""
    place = {key: stack.environ[f"SHOP_PG_{key.upper()}"] for key in ("host", "port")}
    superuser = {**place, "dbname": "postgres", "user": "postgres", "password": stack.superuser_password()}
    with psycopg.connect(**superuser, autocommit=True) as connection:
        for name in names:
            connection.execute(sql.SQL("create database {} owner shop").format(sql.Identifier(name)))
        try:
            yield [_advanced(stack, folder, name) for name in names]
        finally:
            for name in names:
                connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def _advanced(stack: IngestionStack, folder: Path, name: str) -> OwnShop:
    variables = {"SHOP_PG_DATABASE": name, "LAKEHOUSE_STATE_DIR": str(folder / name)}
    shop = OwnShop(stack, variables, stack.database("SHOP") | {"dbname": name})
    done = shop.run("advance", "--to", DAY, "--orders", "500")
    assert done.returncode == 0, done.stderr
    return shop


@pytest.fixture(scope="module")
def shop(stack: IngestionStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnShop]:
    """One for all: each test makes its own changes."""
    with opened(stack, tmp_path_factory.mktemp("live"), "live_shop") as [made]:
        yield made


CONTENT = (
    "select order_id, customer_id, product_id, (current_date - order_date) % 10000, quantity, amount, status,"
    f" deleted_at is null from orders where order_id >= {FIRST_ID} order by order_id"
)


def test_the_same_seed_makes_the_same_shop(stack: IngestionStack, tmp_path: Path) -> None:
    with opened(stack, tmp_path, "live_one", "live_two") as shops:
        first, second = (shop.live() for shop in shops)
        assert first == second
        assert sum(first.values()) == 400
        assert shops[0].rows(CONTENT) == shops[1].rows(CONTENT)
        assert len(shops[0].rows(CONTENT)) > 100


def test_orders_are_of_the_present_and_an_amount_is_quantity_times_price(shop: OwnShop) -> None:
    before = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    shop.live()
    shop.live(seed=8)
    orders = shop.rows(
        "select order_date, quantity * unit_price = amount, created_at <= updated_at, updated_at"
        f" from orders where order_id >= {FIRST_ID}"
    )
    assert all(right and ordered for _, right, ordered, _ in orders)
    assert min(updated for *_, updated in orders) >= before - dt.timedelta(seconds=5)
    assert max(date for date, *_ in orders) <= dt.datetime.now(dt.UTC).date()


def test_a_night_of_an_earlier_date_follows_and_its_rows_come_after_the_open_shops_changes(
    shop: OwnShop,
) -> None:
    """The night reads by `updated_at`: rows that were dated before the newest one would never be read."""
    shop.live()
    [(newest,)] = shop.rows("select max(updated_at) from orders")
    untouched = shop.rows(CONTENT)
    done = shop.run("advance", "--to", NEXT_DAY)
    assert done.returncode == 0, done.stderr
    placed = shop.rows(
        f"select updated_at from orders where order_date = '{NEXT_DAY}' and order_id < {FIRST_ID}"
    )
    assert placed
    assert all(updated > newest for (updated,) in placed)
    assert shop.rows(CONTENT) == untouched


def test_a_second_open_shop_is_refused(shop: OwnShop) -> None:
    with psycopg.connect(**shop.where) as connection:
        connection.execute("select pg_advisory_lock(hashtext('bin/shop live'))")
        refused = shop.run("live", "--rate", "5", "--seconds", "1")
    assert refused.returncode == 2
    assert "is open already" in refused.stderr


def test_a_shop_without_a_day_cannot_open(stack: IngestionStack) -> None:
    refused = stack.shop("live", "--rate", "5", SHOP_PG_DATABASE="postgres")
    assert refused.returncode in (2, 3)
    assert refused.stderr.startswith("shop: ")


def test_it_closes_when_it_is_told_to_and_says_what_happened(shop: OwnShop) -> None:
    query = f"select max(order_id) from orders where order_id >= {FIRST_ID}"
    before = shop.rows(query)
    running = subprocess.Popen(
        [PYTHON, "-m", "embedded.shop", "live", "--rate", "50"],
        cwd=ROOT,
        env=shop.stack.environ | shop.variables,
        stdout=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: shop.rows(query) != before, "orders come")
    running.send_signal(signal.SIGTERM)
    said, _ = running.communicate(timeout=30)
    assert running.returncode == 0
    assert "shop: closed after" in said
    assert " inserted" in said


def test_it_goes_on_after_the_database_was_restarted(shop: OwnShop) -> None:
    closing = threading.Event()
    live = LiveShop(shop.conninfo, 7, say=lambda _: None)
    thread = threading.Thread(target=live.run, args=(Rhythm(rate=100), closing))
    thread.start()
    try:
        wait_until(lambda: live.day.transactions > 3, "the shop is open")
        killed = shop.rows(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        assert killed[0][0] >= 1
        wait_until(lambda: live.day.reconnects > 0, "the shop is back")
        done = live.day.transactions
        wait_until(lambda: live.day.transactions > done + 3, "the shop goes on")
    finally:
        closing.set()
        thread.join(30)
    there = shop.rows(f"select count(*), count(distinct order_id) from orders where order_id >= {FIRST_ID}")
    assert there[0][0] == there[0][1] > 0
