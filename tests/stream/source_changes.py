"""What happens at the source beside the live shop: changes that are hard for a view with an edge."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any, Final

import psycopg

from testing.lakehouse.stream_platform import StreamPlatform

Connection = psycopg.Connection[tuple[Any, ...]]

EACH: Final = 5
"""Orders of each kind of change."""
_OWN_IDS: Final = 5_000_000_000
"""Orders that these changes add are numbered from here, far above those of the shop and its live changes."""
_LIVE_IDS: Final = 1_000_000_000
"""The live shop's orders, which it may change at any time, begin here."""
_TURNED_CLOCKS: Final = (
    ("2026-03-29", "2026-03-29 02:30:00"),
    ("2026-10-25", "2026-10-25 02:30:00.000001"),
    ("2026-11-01", "2026-11-01 01:30:00"),
    ("2026-03-08", "2026-03-08 02:30:00"),
)
"""Days on which Europe's or America's clocks are changed, and hours that they skip or repeat."""
_COPY: Final = """
insert into orders
select %(id)s + row_number() over (order by order_id), customer_id, product_id, %(day)s, quantity, unit_price,
    amount, 'completed', coalesce(%(moment)s, localtimestamp), localtimestamp, null
from orders where order_id = (select min(order_id) from orders where deleted_at is null)
"""


class SourceChanges:
    """Changes the shop's tables; what it picks depends on the seed and on what the shop holds."""

    def __init__(self, platform: StreamPlatform, dice: random.Random) -> None:
        self._platform = platform
        self._dice = dice
        [(highest,)] = platform.shop_rows("select max(order_id) from orders")
        # The live shop goes on from the highest id that it found: far below.
        self._next_id = max(_OWN_IDS, highest + 100_000_000)

    def across_the_edge(self, edge: date) -> int:
        """Orders cross the edge in every way there is; how many do.

        Late updates, both kinds of deletion, moved dates in both directions, a changed key, a key that is
        deleted and comes back, new orders of old days, among them days on which clocks are changed.
        """
        touched = "updated_at = localtimestamp"
        with self._platform.shop() as shop:
            cold = self._pick(shop, f"order_id < {_LIVE_IDS} and order_date < %s", edge, 7 * EACH)
            groups = [cold[start : start + EACH] for start in range(0, 7 * EACH, EACH)]
            late, soft, hard, to_hot, renamed, back_at_once, back_later = groups
            _run(shop, f"update orders set amount = amount + 1, {touched} where {{}}", late)
            _run(shop, f"update orders set deleted_at = localtimestamp, {touched} where {{}}", soft)
            _run(shop, "delete from orders where {}", hard)
            _run(shop, f"update orders set order_date = '{edge}', {touched} where {{}}", to_hot)
            self._next_id += 1_000_000
            _run(shop, f"update orders set order_id = order_id + {self._next_id} where {{}}", renamed)
            with shop.transaction():
                self._come_back(shop, back_at_once)
            self._come_back(shop, back_later)
            # The live shop may delete one of these before.
            hot = self._pick(shop, "order_date >= %s", edge, 2 * EACH)
            old_day = edge - timedelta(days=3)
            moved = f"update orders set order_date = '{old_day}', {touched} where order_id = any(%s)"
            shop.execute(moved, (hot[:EACH],))
            shop.execute("delete from orders where order_id = any(%s)", (hot[EACH:],))
            for day, moment in _TURNED_CLOCKS:
                self._insert(shop, date.fromisoformat(day), moment)
            for days in (-1, 0, 1):
                self._insert(shop, edge + timedelta(days=days), None)
        return len(cold) + len(hot) + len(_TURNED_CLOCKS) + 3

    def burst(self, changes: int, day: date) -> None:
        """One transaction with so many changes: new orders, and one update of every other of them."""
        with self._platform.shop() as shop, shop.transaction():
            first = self._next_id = self._next_id + 1_000_000
            inserted = changes * 2 // 3
            shop.execute(
                "insert into orders select %s + n, 1 + n %% 50, 1 + n %% 40, %s, 1 + n %% 3, 5,"
                " 5 * (1 + n %% 3), 'pending', localtimestamp, localtimestamp, null"
                " from generate_series(1, %s) as n",
                (first, day, inserted),
            )
            shop.execute(
                "update orders set status = 'completed', updated_at = localtimestamp"
                " where order_id > %s and order_id <= %s and order_id %% 2 = 0",
                (first, first + inserted),
            )

    def break_the_contract(self, day: date) -> list[int]:
        """New orders that no contract lets pass; their keys."""
        with self._platform.shop() as shop, shop.transaction():
            broken = [self._insert(shop, day, None) for _ in range(3)]
            _run(shop, "update orders set amount = -1 where {}", broken)
        return broken

    def mend(self, keys: list[int]) -> None:
        """What broke the contract is put right at the source."""
        with self._platform.shop() as shop:
            _run(shop, "update orders set amount = 5, updated_at = localtimestamp where {}", keys)

    def empty_and_fill_again(self, table: str) -> int:
        """TRUNCATE, and all rows again in one transaction; how many they are."""
        with self._platform.shop() as shop, shop.transaction():
            shop.execute(f"create temp table kept on commit drop as select * from {table}")
            shop.execute(f"truncate {table}")
            return shop.execute(f"insert into {table} select * from kept").rowcount

    def _pick(self, shop: Connection, where: str, edge: date, count: int) -> list[int]:
        """Orders of the shop and of its live changes that are not deleted, different ones each time."""
        rows = shop.execute(
            f"select order_id from orders where deleted_at is null and order_id < {_OWN_IDS} and {where}"
            " order by order_id",
            (edge,),
        ).fetchall()
        return self._dice.sample([row[0] for row in rows], min(count, len(rows)))

    def _come_back(self, shop: Connection, keys: list[int]) -> None:
        """Rows are deleted and inserted again, with another amount: in the caller's transaction, if any."""
        for key in keys:
            found = shop.execute("select * from orders where order_id = %s", (key,)).fetchone()
            assert found is not None
            shop.execute("delete from orders where order_id = %s", (key,))
            shop.execute(f"insert into orders values ({', '.join(['%s'] * len(found))})", found)
            _run(shop, "update orders set amount = amount + 2, updated_at = localtimestamp where {}", [key])

    def _insert(self, shop: Connection, day: date, moment: str | None) -> int:
        self._next_id += 10
        shop.execute(_COPY, {"id": self._next_id, "day": day, "moment": moment})
        return self._next_id + 1


def _run(shop: Connection, statement: str, keys: list[int]) -> None:
    """The statement for these orders, which must all be there."""
    done = shop.execute(statement.format("order_id = any(%s)"), (keys,))
    assert done.rowcount == len(keys), f"{done.rowcount} of {len(keys)} orders: {statement}"
