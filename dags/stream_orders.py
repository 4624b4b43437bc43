"""
### Stream the orders

**Produces:** the hot tables `hot.orders` and `hot.customers`, a few seconds behind the shop, and the files of
each micro-batch in `bronze/stream/`. With the night's gold they make `serving.orders`, which the dashboard
"Live Orders" reads.

**Reads:** the shop's log, through the Airbyte connection `shop_postgres_stream_to_lake`: what the log has is
synced, checked by the contracts of `include/contracts/stream/`, stored in bronze and merged into the hot
tables. The next batch starts when there is something to read, and after two and a half minutes in any case.

**When and why:** always, once you unpause it. A run lasts an hour and the next one follows at once, so that
Airflow keeps a row an hour and not one a batch (`docs/decisions/0027-a-run-of-the-stream-lasts-an-hour.md`).
While a stage of tonight is late the batches wait. Pause the DAG to stop the stream: its run ends when the
batch in flight is merged.

**If it fails:** services that are away are waited for, ten minutes long. What no rerun changes fails at once,
and the error says what to do: too many bad rows in a day, a column that is gone, a lost replication slot. The
batch stays where it is and nothing is lost; the next run goes on with it five minutes later, or as soon as
you type `bin/stream start`. See `docs/runbooks/stream.md`.

**Safe to rerun?** Yes. Each step of a batch is kept in the ledger and may be done twice.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag

from lakehouse.night.dag_defaults import dag_arguments
from lakehouse.stream.operators import RUN_FOR, StreamOperator
from lakehouse.stream.plan import is_declared


@dag(
    **dag_arguments("stream_orders", __doc__, frozenset({"ingestion", "stream"}))
    | {
        # One run after the other, without end. Without a start date the first interval has no length, and
        # the second run would have the first one's id, which Airflow 3.3.2 skips forever.
        "schedule": "@continuous",
        "start_date": datetime(2025, 1, 1, tzinfo=UTC),
        "description": "the shop's log to the hot tables, batch by batch",
        "is_paused_upon_creation": True,
        "dagrun_timeout": RUN_FOR + timedelta(minutes=45),
    }
)
def stream_orders() -> None:
    # The next attempt goes on after a killed worker. A restart of Airflow on a busy machine costs several: a
    # task that starts before the API server answers has failed. The loop itself waits for all other services.
    StreamOperator(
        task_id="run_batches",
        lasts=RUN_FOR,
        retries=5,
        retry_delay=timedelta(seconds=10),
        execution_timeout=RUN_FOR + timedelta(minutes=30),
    )


if is_declared():
    stream_orders()
