"""The open shop: the same seed gives the same changes, and no change is one that the shop could not make."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from embedded.shop import live_changes
from embedded.shop.live import Rhythm
from embedded.shop.live_changes import FIRST_ID, Changes, Kind, OpenShop, ShopNow
from embedded.shop.orders import ORDER_STATUSES

NOW = ShopNow(
    live_orders=[(FIRST_ID + n, "pending") for n in range(50)],
    dated_orders=list(range(1, 2000)),
    customers=list(range(1, 300)),
    products=[(1, "9.99"), (2, "100.00")],
    next_order=FIRST_ID + 50,
    next_customer=FIRST_ID,
)


def drawn(seed: int, transactions: int = 200, size: int = 20) -> list[Changes]:
    shop = OpenShop(seed, NOW)
    return [shop.next(size) for _ in range(transactions)]


def test_the_same_seed_gives_the_same_changes_and_another_one_others() -> None:
    assert drawn(7) == drawn(7)
    assert drawn(7) != drawn(8)


def test_a_transaction_has_as_many_changes_as_were_asked_for() -> None:
    assert {changes.total for changes in drawn(7)} == {20}
    assert OpenShop(7, NOW).next(10_000).total == 10_000


def test_every_kind_of_change_happens() -> None:
    counts: Counter[Kind] = Counter()
    for changes in drawn(7):
        counts.update(changes.counts())
    assert set(counts) == set(Kind)
    assert all(counts.values())
    assert counts[Kind.INSERT] > counts[Kind.STATUS] > counts[Kind.MOVE]


def test_what_is_gone_does_not_change_any_more_and_a_number_is_given_once() -> None:
    there = {number for number, _ in NOW.live_orders}
    gone: set[int] = set()
    for changes in drawn(7, 600):
        changed = {*changes.statuses, *changes.moves, *changes.soft_deleted, *changes.hard_deleted}
        parts = (changes.statuses, changes.moves, changes.soft_deleted, changes.hard_deleted)
        assert sum(map(len, parts)) == len(changed), "no row changes twice in a transaction"
        assert changed <= there
        new = {order.order_id for order in changes.orders}
        assert not new & (there | gone)
        there |= new
        deleted = {*changes.soft_deleted, *changes.hard_deleted}
        there -= deleted
        gone |= deleted
    assert gone


def test_orders_are_numbered_above_the_dated_shop_and_only_their_statuses_come() -> None:
    orders = [order for changes in drawn(7) for order in changes.orders]
    assert orders[0].order_id == NOW.next_order
    assert all(b.order_id == a.order_id + 1 for a, b in pairwise(orders))
    statuses = {order.status for order in orders} | {s for c in drawn(7) for s in c.statuses.values()}
    assert statuses == set(ORDER_STATUSES)
    assert {order.days_ago == 0 for order in orders} == {True, False}


def test_memory_does_not_grow_with_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_changes, "_MOST_REMEMBERED", 200)
    shop = OpenShop(7, NOW)
    for _ in range(30):
        shop.next(100)
    assert len(shop._numbers) == len(shop._status) == 200


def test_a_shop_with_nothing_to_sell_cannot_open() -> None:
    empty = ShopNow([], [], [], [], FIRST_ID, FIRST_ID)
    with pytest.raises(ValueError, match="bin/shop advance"):
        OpenShop(7, empty)


@pytest.mark.parametrize(("rate", "size"), [(1, 1), (20, 1), (200, 5), (2000, 50)])
def test_a_transaction_stays_small(rate: float, size: int) -> None:
    assert Rhythm(rate).size == size


@pytest.mark.parametrize(
    "wrong",
    [{"rate": -1}, {"rate": 0}, {"rate": 5, "seconds": 0}, {"rate": 5, "burst": 9, "every": 0}],
)
def test_a_rhythm_that_cannot_be_kept_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        Rhythm(**wrong)  # type: ignore[arg-type]
