"""Every fault that the stream can meet. Each does its damage, waits for what must come of it, and says so."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

from lakehouse.stream.ledger import BatchState
from lakehouse.stream.plan import CONNECTION
from testing.ingestion_stack import AirbyteServer
from testing.programs import AIRBYTE, AIRBYTE_WORKERS, DREMIO, OBJECT_STORE
from testing.repository import ROOT
from tests.stream.planted_night import publish
from tests.stream.run import StreamRun

Fault = Callable[[StreamRun], str]

BURST: Final = 100_000
SLOT: Final = "airbyte_stream_slot"
PUBLICATION: Final = "airbyte_stream_publication"


# The edge


def night_publishes(run: StreamRun) -> str:
    """The night of the edge's date has published: its orders are cold from now on."""
    day = run.edge
    run.edge = publish(run.platform, day)
    assert run.edge == day + timedelta(days=1), f"the edge went from {day} to {run.edge}"
    return f"gold of {day}, the edge is at {run.edge}"


# Kill -9 in mid-batch


def airbyte_is_killed(run: StreamRun) -> str:
    """Airbyte's server, while a sync of a batch runs: the same job goes on when it is back."""
    return _killed(run, "Airbyte", BatchState.SYNCING, lambda: run.platform.programs.kill(AIRBYTE))


def worker_is_killed(run: StreamRun) -> str:
    """The process that reads the log: Airbyte makes another attempt."""
    return _killed(
        run, "Airbyte's worker", BatchState.SYNCING, lambda: run.platform.programs.kill(AIRBYTE_WORKERS)
    )


def store_is_killed(run: StreamRun) -> str:
    """The object store, before a batch is in bronze."""
    state = run.dice.choice((BatchState.SYNCING, BatchState.LANDED))
    return _killed(run, "the object store", state, lambda: run.platform.programs.kill(OBJECT_STORE))


def engine_is_killed(run: StreamRun) -> str:
    """Dremio, while a batch is about to be merged or is being merged."""
    return _killed(run, "Dremio", BatchState.BRONZE, lambda: run.platform.programs.kill(DREMIO))


def postgres_crashes(run: StreamRun) -> str:
    """The server of the source, of the ledger and of Airbyte's own tables, in any state of a batch."""
    state = run.dice.choice(tuple(BatchState)[:3])
    return _killed(run, "PostgreSQL", state, run.platform.programs.crash_postgres)


def stream_is_killed(run: StreamRun) -> str:
    """The task that runs the stream, in each state of a batch in turn."""
    told = [_killed(run, "the stream", state, run.stream.kill) for state in tuple(BatchState)[:3]]
    return "; ".join(told)


# The source


def orders_cross_the_edge(run: StreamRun) -> str:
    """Late updates, deletions, moved dates, changed keys, old days with turned clocks."""
    count = run.source.across_the_edge(run.edge)
    return f"{count} orders changed sides or days"


def burst_of_changes(run: StreamRun) -> str:
    """A hundred thousand changes in one transaction: one batch, and it passes."""
    run.source.burst(BURST, run.edge)
    seconds = run.catch_up()
    return f"{BURST} changes merged after {seconds:.1f} s"


def rows_break_the_contract(run: StreamRun) -> str:
    """They go to quarantine, the stream goes on, and once they are put right at the source they come."""
    broken = run.source.break_the_contract(run.edge)
    run.catch_up()
    [(kept,)] = run.platform.rows("select sum(rows_quarantined) from stream_loads where stream = 'orders'")
    assert kept >= len(broken), f"{kept} rows in quarantine, {len(broken)} were bad"
    run.source.mend(broken)
    return f"{len(broken)} rows in quarantine, then put right"


def table_is_emptied(run: StreamRun) -> str:
    """TRUNCATE and all its rows again, in one transaction."""
    table = run.dice.choice(("customers", "orders"))
    rows = run.source.empty_and_fill_again(table)
    return f"{table} emptied, and {rows} rows again"


def delivered_twice_and_out_of_order(run: StreamRun) -> str:
    """An Airbyte that delivers rows again and shuffled, as it may."""
    platform = run.platform
    platform.services.stop("airbyte")
    state_dir = Path(platform.wire["LAKEHOUSE_STATE_DIR"])
    server = AirbyteServer(platform.environ | {"AIRBYTE_TEST_REDELIVERY": "1"}, state_dir / "logs")
    server.start()
    try:
        for _ in range(3):
            run.catch_up()
    finally:
        server.terminate()
        platform.services.up("airbyte")
    run.catch_up()
    [(doubled,)] = platform.rows("select sum(rows_deduplicated) from stream_loads")
    assert doubled > 0, "nothing was delivered twice"
    return f"{doubled} rows came twice"


def slot_is_dropped(run: StreamRun) -> str:
    """The stream's place in the source's log is gone: it says so, and a re-read brings every row."""
    run.live.stop()
    run.stream.stop()
    with run.platform.shop() as shop:
        shop.execute("select pg_drop_replication_slot(%s)", (SLOT,))
    run.source.across_the_edge(run.edge)
    return _reread(run, SLOT)


def publication_is_altered(run: StreamRun) -> str:
    """A table is taken out of the publication: the stream says so; back in, a re-read brings all rows."""
    run.live.stop()
    with run.platform.shop() as shop:
        shop.execute(f"alter publication {PUBLICATION} drop table orders")
    run.source.across_the_edge(run.edge)
    run.await_end(PUBLICATION)
    with run.platform.shop() as shop:
        shop.execute(f"alter publication {PUBLICATION} add table orders")
    return _reread(run, None)


def _reread(run: StreamRun, words: str | None) -> str:
    """What the runbook tells the operator to do, after the stream has ended with these words."""
    if words:
        run.stream.keep()
        run.await_end(words)
    refreshed = subprocess.run(
        [ROOT / "bin" / "airbyte", "refresh", CONNECTION],
        env=run.platform.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert refreshed.returncode == 0, refreshed.stdout + refreshed.stderr
    seconds = run.catch_up()
    return f"named, read again in {seconds:.1f} s"


def _killed(run: StreamRun, what: str, state: BatchState, strike: Callable[[], object]) -> str:
    batch = run.await_batch_in(state)
    strike()
    run.killed(what)
    seconds = run.await_merged(batch)
    return f"killed {what} while batch {batch.id} was {state}: merged {seconds:.1f} s later"


KILLS: Final[tuple[Fault, ...]] = (
    airbyte_is_killed,
    worker_is_killed,
    store_is_killed,
    engine_is_killed,
    postgres_crashes,
    stream_is_killed,
)
CHANGES: Final[tuple[Fault, ...]] = (
    orders_cross_the_edge,
    burst_of_changes,
    rows_break_the_contract,
    table_is_emptied,
    delivered_twice_and_out_of_order,
    slot_is_dropped,
    publication_is_altered,
)
ALL_FAULTS: Final = (*KILLS, *CHANGES, night_publishes)
NAMED_OUTCOMES: Final[tuple[Fault, ...]] = (slot_is_dropped, publication_is_altered)
"""These end the stream, by name, until somebody has put the source right."""
