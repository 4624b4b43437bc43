"""A process that does one micro-batch and is killed with SIGKILL at a chosen moment.

python -m tests.stream.crash.one_batch <moment>: a key of MOMENTS, or `never`.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Any, Final

from lakehouse.stream.assembly import stream_loop
from lakehouse.stream.hot import HotTables
from lakehouse.stream.ledger import BatchState, StreamLedger
from lakehouse.stream.sync import BatchSync
from tests.stream.one_loop import PACE

NEVER: Final = "never"


@dataclass(frozen=True)
class Moment:
    """Before or after a call; `leaves` is the state that the ledger must show then."""

    owner: type
    call: str
    after: bool
    leaves: BatchState


MOMENTS: Final = {
    "before the sync": Moment(BatchSync, "run", after=False, leaves=BatchState.SYNCING),
    "when the sync has started": Moment(StreamLedger, "started", after=True, leaves=BatchState.SYNCING),
    "before the claim": Moment(StreamLedger, "landed", after=False, leaves=BatchState.SYNCING),
    "after the claim": Moment(StreamLedger, "landed", after=True, leaves=BatchState.LANDED),
    "with its files in bronze": Moment(StreamLedger, "in_bronze", after=False, leaves=BatchState.LANDED),
    "before the merge": Moment(HotTables, "merge", after=False, leaves=BatchState.BRONZE),
    "between two tables": Moment(HotTables, "merge", after=True, leaves=BatchState.BRONZE),
    "after the merge": Moment(StreamLedger, "merged", after=False, leaves=BatchState.BRONZE),
    "when all is done": Moment(StreamLedger, "merged", after=True, leaves=BatchState.MERGED),
}


def main(moment: str) -> int:
    if moment != NEVER:
        _kill_at(MOMENTS[moment])
    # It has no time left when the first batch is merged.
    stream_loop(pace=PACE).run(f"crash {os.getpid()}", timedelta(seconds=1))
    return 0


def _kill_at(moment: Moment) -> None:
    original = getattr(moment.owner, moment.call)

    @wraps(original)
    def dying(*arguments: Any, **named: Any) -> Any:
        if moment.after:
            original(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(moment.owner, moment.call, dying)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
