"""What is streamed, and by which rules, as data."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from lakehouse.airbyte.connection_file import CONNECTION_FILES
from lakehouse.platform.database import Lock

DAG_ID: Final = "stream_orders"
CONNECTION: Final = "shop_postgres_stream_to_lake"
SOURCE: Final = "postgres_stream"
"""The source as landing, contracts and bronze spell it."""

STREAMS: Final = ("orders", "customers", "stream_tracer")
"""In the order in which a batch loads and merges them: what the dashboard shows comes first."""
TRACER: Final = "stream_tracer"

HOT_DAYS: Final = 7
"""SPEC.md section 6, model 4."""

IDLE_TRACER_SECONDS: Final = 120.0
"""Between tracers while the source's tables do not change: each costs a batch, three seconds of a core."""
HEARTBEAT_SECONDS: Final = 150.0
"""A stream without even a tracer syncs this often: it moves the slot on, and shows that it lives."""
LOOK_SECONDS: Final = 1.0
"""How often an idle loop looks whether the source has something to read. A busy one does not wait."""
RUN_FOR: Final = timedelta(hours=1)
"""One run of the DAG (docs/decisions/0027-a-run-of-the-stream-lasts-an-hour.md)."""
WAIT_AFTER_FAILURE: Final = timedelta(minutes=5)
"""A run that follows a failed one waits until then: at most twelve runs an hour."""
GIVE_UP_AFTER: Final = timedelta(minutes=10)
"""How long a batch is tried again before its run fails and somebody is told."""

NOT_DECLARED: Final = "no stream is declared: include/airbyte/ has no connection of the cadence `stream`"
"""What a command or a page says of a repository without a stream."""

STREAM_LOCK: Final = Lock("stream", CONNECTION)
"""Held while a batch moves, and by whatever must see the hot tables at a fixed position of the log."""


def is_declared() -> bool:
    """Does this repository have the stream's connection? Without it there is nothing to stream."""
    return (CONNECTION_FILES / f"{CONNECTION}.yaml").is_file()
