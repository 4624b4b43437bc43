"""The test switch for at-least-once: rows come twice, out of order, and again with a later sync."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.wire.captured import SIMPLE, Captured
from tests.wire.conftest import Landing

from testing.ingestion_stack import AirbyteServer, IngestionStack

Query = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def airbyte(stack: IngestionStack) -> Iterator[AirbyteServer]:
    with stack.airbyte(AIRBYTE_TEST_REDELIVERY="1") as server:
        yield server


def test_every_row_comes_at_least_once_some_more_often_and_none_is_invented(
    airbyte: AirbyteServer, landing: Landing, query: Query
) -> None:
    connection = airbyte.add_connection("shop_postgres_to_lake", landing.folder)
    job = airbyte.sync(connection)
    ids = landing.rows("orders")["order_id"].to_pylist()
    expected = {number for (number,) in query("select order_id from orders")}
    assert set(ids) == expected
    assert len(ids) > len(expected) * 1.1
    assert ids != sorted(ids)
    assert job["rowsSynced"] == sum(
        landing.rows(name).num_rows for name in ("orders", "customers", "products")
    )
    query("update orders set updated_at = updated_at + interval '2 years' where order_id = 1")
    try:
        airbyte.sync(connection)
        times = Counter(landing.rows("orders")["order_id"].to_pylist())
        assert set(times) == expected
        assert max(times.values()) >= 3
    finally:
        query("update orders set updated_at = updated_at - interval '2 years' where order_id = 1")


def test_the_highest_position_of_each_key_is_right_however_changes_arrive(
    captured: Captured, query: Query
) -> None:
    table = captured.table(SIMPLE)
    query(f"insert into {table} select n, 'old', n from generate_series(1, 50) as n")
    captured.connect("things")
    captured.sync()
    for text in ("a", "b", "c"):
        query(f"update {table} set name = '{text}' where id <= 40")
        query(f"delete from {table} where id = ascii('{text}') - 90")
        captured.sync()
    assert captured.newest() == captured.source_rows()
    assert len(captured.rows()) > 50 + 3 * 40
