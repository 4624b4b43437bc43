"""Live Orders on a real Superset: right values, and a hundred readers that cost as one."""

from __future__ import annotations

import html
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import requests

from lakehouse.platform.sql_files import quote_path
from lakehouse.stream.hot import HotTables
from lakehouse.stream.serving import ServingViews
from lakehouse.superset.chart_requests import browser_request, read_chart
from lakehouse.superset.client import SupersetClient
from lakehouse.superset.errors import SupersetRequestError
from testing.waiting import wait_until

SLUG = "live-orders"
CHARTS = {
    "Revenue today",
    "Orders today",
    "Data as of",
    "Seconds behind",
    "Last hour by minute",
    "Today against yesterday",
    "Last orders",
    "Newest tracers",
}
QUERIES = len(CHARTS) + 1
"""Of one reader's look at the page: the last hour is two queries."""
VIEWERS = 100
KEPT_SECONDS = 2
"""An answer lives at least so long: 3 seconds, less the part of the second in which it was stored."""

PATIENCE_SECONDS = 30
"""How long a reader waits for another's answer (single_flight.py)."""

NOW = "current_timestamp"
YESTERDAY_BEFORE = "timestampadd(second, -1, timestampadd(day, -1, current_timestamp))"
YESTERDAY_AFTER = "timestampadd(second, -1, cast(current_date as timestamp))"
OLDER = "timestampadd(day, -3, current_timestamp)"

Answers = list[dict[str, Any]]


class Hot:
    """The hot tables of orders and tracers, written by SQL as the stream's merge leaves them."""

    def __init__(self, platform: Any) -> None:
        self._dremio = platform.dremio
        wire = platform.wire
        names = ("HOST", "PORT", "DATABASE", "USER", "PASSWORD")
        host, port, database, user, password = (wire[f"PLATFORM_PG_{name}"] for name in names)

        class Connections:
            def get_conn(self) -> Any:
                return psycopg2.connect(host=host, port=port, dbname=database, user=user, password=password)

        self._hot = HotTables(self._dremio, Connections())
        self._hot.create()
        ServingViews(self._dremio).ensure()

    def empty(self) -> None:
        for stream in ("orders", "stream_tracer"):
            self._dremio.run(f"delete from {self._table(stream)}")

    def place(self, number: int, at: str, status: str = "completed", amount: str = "10.00") -> None:
        """An order placed at that time (an SQL expression), on the business date of it."""
        values = {
            "order_id": f"{number}",
            "customer_id": "7",
            "product_id": "3",
            "order_date": f"cast({at} as date)",
            "quantity": "2",
            "amount": f"cast({amount} as decimal(12, 2))",
            "status": f"'{status}'",
            "created_at": at,
            "updated_at": at,
        }
        self._insert("orders", values, number)

    def trace(self, number: int, at: str) -> None:
        """A tracer row committed at that time."""
        self._insert("stream_tracer", {"tracer_id": f"{number}", "committed_at": at}, number)

    def _insert(self, stream: str, values: dict[str, str], lsn: int) -> None:
        added = {"change_lsn": f"{lsn}", "changed_at": NOW, "is_deleted": "false", "batch_id": "1"}
        row = values | added
        columns = [*(column.name for column in self._hot.table_of(stream).columns), *added]
        listed = ", ".join(row.get(name, "null") for name in columns)
        self._dremio.run(f"insert into {self._table(stream)} select {listed}")

    def _table(self, stream: str) -> str:
        return quote_path(self._hot.table_of(stream).path)


@pytest.fixture(scope="module")
def hot_tables(platform: Any) -> Hot:
    return Hot(platform)


@pytest.fixture
def hot(hot_tables: Hot) -> Iterator[Hot]:
    """No order and no tracer, before and after."""
    hot_tables.empty()
    yield hot_tables
    hot_tables.empty()


@pytest.fixture
def page(client: SupersetClient, dashboard: str) -> dict[str, dict[str, Any]]:
    """What a reader's browser sends for each chart, by the chart's name."""
    assert dashboard != SLUG
    charts = client.get(f"dashboard/{SLUG}/charts")["result"]
    found = [read_chart(client.get(f"chart/{each['id']}")["result"]) for each in charts]
    requests_by_name = {each.name: browser_request(each, ()) for each in found}
    assert set(requests_by_name) == CHARTS
    return requests_by_name


def answers(client: SupersetClient, request: dict[str, Any], *, force: bool = False) -> Answers:
    found: Answers = client.post("chart/data", request | {"force": force})["result"]
    assert not [each["error"] for each in found if each.get("error")]
    return found


def data(client: SupersetClient, request: dict[str, Any], query: int = 0) -> list[dict[str, Any]]:
    """The rows of a chart, computed now."""
    rows: list[dict[str, Any]] = answers(client, request, force=True)[query]["data"]
    return rows


def lake_queries(platform: Any) -> int:
    """How many statements on serving Superset has sent so far."""
    counted = platform.dremio.query(
        "select count(*) as queries from sys.jobs_recent where query_type = 'FLIGHT' "
        "and query like '%serving%' and query not like '%INFORMATION_SCHEMA%'"
    )
    return int(counted[0]["queries"])


def test_without_a_single_order_the_page_shows_zeros(
    client: SupersetClient, page: dict[str, Any], hot: Hot
) -> None:
    # Yesterday is left out: against a 0, Superset would show a change of 0 %.
    assert [row["revenue_by_now"] for row in data(client, page["Revenue today"])] == [0]
    assert [row["orders_by_now"] for row in data(client, page["Orders today"])] == [0]
    minutes = data(client, page["Last hour by minute"])
    assert len(minutes) == 60
    assert {row["orders_placed"] for row in minutes} == {0}
    day = data(client, page["Today against yesterday"])
    assert {row["yesterday"] for row in day} == {0}
    assert len(day) == 96
    assert data(client, page["Last orders"]) == []
    assert data(client, page["Newest tracers"]) == []
    assert data(client, page["Seconds behind"]) == [{"seconds_behind": None}]


def test_today_is_compared_with_yesterday_up_to_this_time_of_day(
    client: SupersetClient, page: dict[str, Any], hot: Hot
) -> None:
    hot.place(1, NOW, amount="100.00")
    hot.place(2, NOW, "pending", amount="7.00")
    hot.place(3, YESTERDAY_BEFORE, amount="40.00")
    hot.place(4, YESTERDAY_AFTER, amount="900.00")
    hot.place(5, OLDER, amount="5000.00")
    revenue = sorted(data(client, page["Revenue today"]), key=lambda row: row["order_date"])
    assert [float(row["revenue_by_now"]) for row in revenue] == [40, 100]
    orders = sorted(data(client, page["Orders today"]), key=lambda row: row["order_date"])
    assert [row["orders_by_now"] for row in orders] == [1, 2]
    day = data(client, page["Today against yesterday"])
    assert max(float(row["yesterday"]) for row in day) == 940
    assert max(float(row["today"] or 0) for row in day) == 100


def test_the_last_hour_and_the_last_orders_are_those_of_the_time_of_placing(
    client: SupersetClient, page: dict[str, Any], hot: Hot
) -> None:
    for number in range(1, 19):
        hot.place(number, f"timestampadd(second, {number}, timestampadd(minute, -2, current_timestamp))")
    hot.place(50, "timestampadd(minute, -61, current_timestamp)")
    hot.place(51, OLDER)
    minutes = data(client, page["Last hour by minute"])
    assert sum(row["orders_placed"] for row in minutes) == 18
    assert sum(float(row["revenue"]) for row in data(client, page["Last hour by minute"], 1)) == 180
    newest = data(client, page["Last orders"])
    assert [row["order_id"] for row in newest] == list(range(18, 3, -1))
    assert {(row["side"], row["status"]) for row in newest} == {("hot", "completed")}


def test_the_lag_is_the_age_of_the_newest_tracer(
    client: SupersetClient, page: dict[str, Any], hot: Hot
) -> None:
    hot.trace(7, "timestampadd(second, -100, current_timestamp)")
    hot.trace(8, "timestampadd(second, -40, current_timestamp)")
    assert [row["tracer_id"] for row in data(client, page["Newest tracers"])] == [8, 7]
    assert 40 <= data(client, page["Seconds behind"])[0]["seconds_behind"] < 100


def test_an_answer_is_renewed_without_being_forced(
    client: SupersetClient, page: dict[str, Any], hot: Hot
) -> None:
    request = page["Last orders"]
    hot.place(1, NOW)
    assert len(answers(client, request, force=True)[0]["data"]) == 1
    hot.place(2, NOW)
    assert answers(client, request)[0]["cache_timeout"] == 3
    wait_until(lambda: len(answers(client, request)[0]["data"]) == 2, "the second order is shown", 30)


def test_a_refresh_of_the_page_asks_the_cache(platform: Any) -> None:
    """Superset's default, `force`, would compute every chart for every reader at every tick."""
    page = requests.get(f"{platform.wire['SUPERSET_URL']}/login/", timeout=30).text
    assert '"DASHBOARD_AUTO_REFRESH_MODE": "fetch"' in html.unescape(page)


def test_a_hundred_readers_at_once_cost_one_computation(
    client: SupersetClient, page: dict[str, Any], hot: Hot, platform: Any
) -> None:
    hot.place(1, NOW)
    request = never_asked(page["Last orders"], 90)
    together = threading.Barrier(VIEWERS)

    def look(_: int) -> list[int]:
        together.wait()
        return [row["order_id"] for row in answers(client, request)[0]["data"]]

    before = lake_queries(platform)
    began = time.monotonic()
    with ThreadPoolExecutor(VIEWERS) as viewers:
        seen = list(viewers.map(look, range(VIEWERS)))
    took = time.monotonic() - began
    asked = lake_queries(platform) - before
    print(f"{VIEWERS} readers of one chart in {took:.1f} s: {asked} queries on the lake")
    assert seen == [[1]] * VIEWERS
    assert 1 <= asked <= 1 + took / KEPT_SECONDS


def test_a_hundred_readers_of_the_page_cost_what_one_does_and_leave_few_traces(
    client: SupersetClient, page: dict[str, Any], hot: Hot, platform: Any
) -> None:
    hot.place(1, NOW)
    charts = [never_asked(each, 91) for each in page.values()]
    # Each reader looks at a quarter of the page: all of it would only take longer.
    requests_of_all = [charts[(reader + turn) % len(charts)] for turn in (0, 4) for reader in range(VIEWERS)]
    logged, listed = log_entries(client), live_cache_keys(platform)
    before = lake_queries(platform)
    began = time.monotonic()
    with ThreadPoolExecutor(VIEWERS) as viewers:
        answered = list(viewers.map(lambda request: answers(client, request), requests_of_all))
    took = time.monotonic() - began
    asked = lake_queries(platform) - before
    print(f"{len(answered)} looks at {len(page)} charts in {took:.1f} s: {asked} queries on the lake")
    assert len(answered) == 2 * VIEWERS
    assert QUERIES <= asked <= QUERIES * (1 + took / KEPT_SECONDS)
    # Superset logs three steps of each request; one of each step, chart and minute is enough. The looks at
    # the log are in it too.
    assert log_entries(client) - logged <= 3 * len(CHARTS) * (2 + took / 60) + 10
    assert live_cache_keys(platform) == listed == 0


def test_when_the_lake_fails_every_reader_is_told_and_the_next_one_is_served(
    client: SupersetClient, page: dict[str, Any], hot: Hot, platform: Any
) -> None:
    """A lock that outlived a failed query would keep its readers for half a minute."""
    hot.place(1, NOW)
    broken = never_asked(page["Last orders"], 92)
    broken["queries"][0]["extras"] = {"where": "no_such_column = 1", "having": ""}

    def fails(_: int) -> str:
        with pytest.raises(SupersetRequestError) as refused:
            answers(client, broken)
        return str(refused.value)

    began = time.monotonic()
    with ThreadPoolExecutor(4) as viewers:
        told = list(viewers.map(fails, range(8)))
    assert time.monotonic() - began < PATIENCE_SECONDS
    assert all("no_such_column" in each for each in told)
    assert [row["order_id"] for row in answers(client, never_asked(page["Last orders"], 93))[0]["data"]] == [
        1
    ]


def never_asked(request: dict[str, Any], limit: int) -> dict[str, Any]:
    """The same chart under a limit that nobody has used: its answer cannot be in the cache."""
    return {**request, "queries": [{**each, "row_limit": limit} for each in request["queries"]]}


def log_entries(client: SupersetClient) -> int:
    return int(client.get("log/", {"q": "(page_size:1)"})["count"])


def live_cache_keys(platform: Any) -> int:
    """Rows of Superset's own list of cache keys that are of live charts."""
    wire = platform.wire
    lines = (Path(wire["LAKEHOUSE_STATE_DIR"]) / "secrets.env").read_text().splitlines()
    password = next(line.partition("=")[2] for line in lines if line.startswith("SUPERSET_PG_PASSWORD="))
    address = {"host": wire["PLATFORM_PG_HOST"], "port": wire["PLATFORM_PG_PORT"]}
    connection = psycopg2.connect(**address, dbname="superset", user="superset", password=password)
    try:
        with connection.cursor() as cursor:
            cursor.execute("select count(*) from cache_keys where cache_timeout < 60")
            return int(cursor.fetchone()[0])
    finally:
        connection.close()
