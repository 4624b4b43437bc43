"""The loop with all its parts: the one place where they are put together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from lakehouse.airbyte.connection_file import read_connection_file
from lakehouse.airbyte.hook import LakehouseAirbyteHook
from lakehouse.dremio.hook import DremioHook
from lakehouse.platform.database import exclusively, platform_postgres
from lakehouse.platform.storage import LakeStorage
from lakehouse.stream.bronze import StreamBronze
from lakehouse.stream.chores import Chore, Chores
from lakehouse.stream.edge import Edge
from lakehouse.stream.hot import HotTables
from lakehouse.stream.landed import LandedFiles
from lakehouse.stream.ledger import StreamLedger
from lakehouse.stream.loop import StreamLoop
from lakehouse.stream.loop_state import LoopRecord
from lakehouse.stream.measurement import lag_measurement
from lakehouse.stream.micro_batch import MicroBatches
from lakehouse.stream.plan import CONNECTION, STREAM_LOCK
from lakehouse.stream.seam import Seam
from lakehouse.stream.small_files import SmallFiles, SmallFilesThread
from lakehouse.stream.source_watch import SourceWatch
from lakehouse.stream.surroundings import Pace, Surroundings
from lakehouse.stream.sync import BatchSync
from lakehouse.stream.yielding import TonightLate

LOCK_SECONDS: Final = 30
"""How long a batch waits for a verification or a rebuild that holds the lock; then it tries again."""


def source_watch(connection_name: str = CONNECTION) -> SourceWatch:
    """The watch of a connection's source, by the Airflow connection that its file names."""
    declared = read_connection_file(connection_name)
    return SourceWatch.of(platform_postgres(declared.source.airflow_connection), declared)


def stream_loop(paused: Callable[[], bool] = lambda: False, pace: Pace | None = None) -> StreamLoop:
    """The loop that Airflow's connections lead to.

    Args:
        paused: has somebody paused the stream?
        pace: how fast; by default as the plan says.
    """
    postgres = platform_postgres()
    storage = LakeStorage.from_connection()
    dremio = DremioHook().get_conn()
    ledger = StreamLedger(postgres)
    watch = source_watch()
    around = Surroundings(paused=paused, night_is_late=TonightLate(postgres))
    sync = BatchSync(
        LakehouseAirbyteHook().client,
        read_connection_file(CONNECTION),
        ledger,
        watch.position,
        around.stopped,
    )
    hot = HotTables(dremio, postgres)
    marks, lag = lag_measurement(postgres, storage, dremio)
    batches = MicroBatches(
        ledger=ledger,
        sync=sync,
        landed=LandedFiles(ledger, storage),
        bronze=StreamBronze(ledger, storage),
        hot=hot,
        mark=marks.mark,
        position=watch.position,
    )
    chores = Chores(
        [
            Chore("the edge", timedelta(seconds=10), lambda now: Edge(dremio, postgres).advance()),
            Chore("the hot tables' files", timedelta(seconds=10), hot.maintain),
            Chore("the seam", timedelta(minutes=1), Seam(postgres, dremio).verify_if_due),
        ]
    )
    return StreamLoop(
        lock=lambda holder: exclusively(postgres, STREAM_LOCK, holder, LOCK_SECONDS),
        ledger=ledger,
        batches=batches,
        watch=watch,
        record=LoopRecord(postgres),
        around=around,
        chores=chores,
        followers=[lag, SmallFilesThread(SmallFiles(postgres, storage))],
        pace=pace,
    )
