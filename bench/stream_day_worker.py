"""A day of micro-batches in a few minutes, and how many files it leaves; run in Airflow's environment.

python stream_day_worker.py <hours> <batches an hour>

Prints a JSON object per line: `{"hour", "batches", "hot", "bronze", "seconds"}` as the day goes by, and at
its end `{"files", "seconds", "seconds_of_one"}`. The day passes by moving the ledger's times back.
"""

from __future__ import annotations

import json
import random
import signal
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from lakehouse.platform.lake_layout import stream_folder
from lakehouse.stream.assembly import source_watch
from lakehouse.stream.hot_upkeep import COMPACT_FILES
from lakehouse.stream.small_files import SmallFiles
from testing.lakehouse.batch_runner import Stream
from testing.lakehouse.stream_platform import StreamPlatform, stream_platform

ORDERS = "50000"
NEW, UPDATED, DELETED = 12, 6, 1
"""Orders of one batch."""
MANY_FILES = COMPACT_FILES - 2
"""A merge adds two, and the table is compacted above COMPACT_FILES: a number that is passed each time."""
ROUNDS = 15
QUERY = """
    select date_trunc('minute', created_at) as minute_start, count(*) as orders_count,
           sum(case when status = 'completed' then amount else 0 end) as revenue
    from serving.orders group by date_trunc('minute', created_at)
"""
"""As the dashboard's dataset `live_minutes` asks, without its limit to an hour: it reads every file."""


def main(hours: int, batches: int) -> None:
    """Print the figures."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is stopped on the way out
    with stream_platform("bench-stream-day", orders=ORDERS) as platform:
        watch = source_watch()
        stream = Stream(platform, watch)
        try:
            _tell(_day(platform, stream, hours, batches))
        finally:
            watch.close()


def _day(platform: StreamPlatform, stream: Stream, hours: int, batches: int) -> dict[str, Any]:
    chosen = random.Random(11)  # noqa: S311  the same orders each time
    known = [order for (order,) in platform.shop_rows("select order_id from orders")]
    stream.run()
    small_files = SmallFiles(platform.postgres, platform.storage)
    now = datetime.now(UTC)
    for hour in range(1, hours + 1):
        for _ in range(batches):
            _batch(stream, chosen, known)
        _pass_an_hour(platform)
        small_files.join()
        now += timedelta(hours=1)
        stream.hot.maintain(now)
        _tell(
            {
                "hour": hour,
                "batches": hour * batches,
                "hot": stream.hot.file_count("orders"),
                "bronze": _bronze_files(platform),
                "seconds": _seconds(platform),
            }
        )
    while stream.hot.file_count("orders") < MANY_FILES:
        _batch(stream, chosen, known)
    files, seconds = stream.hot.file_count("orders"), _seconds(platform)
    table = stream.hot.table_of("orders")
    stream.hot.tidy(table)
    if (left := stream.hot.file_count("orders")) != 1:
        raise RuntimeError(f"compacted, hot.orders has {left} files")
    return {"files": files, "seconds": seconds, "seconds_of_one": _seconds(platform)}


def _batch(stream: Stream, chosen: random.Random, known: list[int]) -> None:
    known += stream.insert_orders(NEW)
    for order in chosen.sample(known, UPDATED):
        stream.change("update orders set status = 'cancelled', updated_at = now() where order_id = %s", order)
    gone = chosen.sample(known, DELETED)
    stream.change("delete from orders where order_id = any(%s)", gone)
    stream.run()


def _pass_an_hour(platform: StreamPlatform) -> None:
    connection = platform.postgres.get_conn()
    with connection, connection.cursor() as cursor:
        cursor.execute("update stream_batches set started_at = started_at - interval '1 hour'")
    connection.close()


def _bronze_files(platform: StreamPlatform) -> int:
    return sum(1 for _ in platform.storage.objects(stream_folder("orders")))


def _seconds(platform: StreamPlatform) -> float:
    """Median of some runs, none of which the engine may answer from an earlier one."""
    times = []
    for number in range(ROUNDS):
        began = time.monotonic()
        platform.over_flight(f"{QUERY} having count(*) > -{number + 1}")
        times.append(time.monotonic() - began)
    return statistics.median(times)


def _tell(figures: dict[str, Any]) -> None:
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
