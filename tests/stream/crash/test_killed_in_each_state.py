"""The stream is killed at every step of a batch: the next run goes on, and each row is there once."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from datetime import date

import pytest

from lakehouse.stream.ledger import BatchState, StreamLedger
from testing.lakehouse.stream_platform import StreamPlatform
from testing.repository import ROOT
from tests.stream.accounts import account
from tests.stream.crash.one_batch import MOMENTS, NEVER
from tests.stream.reckoning import reckon
from tests.stream.source_changes import SourceChanges

EDGE = date(2025, 10, 1)
"""Some day among those of the shop's orders."""


def run_batch(platform: StreamPlatform, moment: str) -> int:
    """The exit code of a process that does one batch."""
    path = f"{ROOT / 'plugins'}:{ROOT}"
    done = subprocess.run(
        [sys.executable, "-m", "tests.stream.crash.one_batch", moment],
        cwd=ROOT, env=platform.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    print(done.stdout[-2_000:], done.stderr[-4_000:])
    return done.returncode


@pytest.fixture(scope="module")
def ledger(platform: StreamPlatform) -> StreamLedger:
    """The stream's ledger, every table read once and nothing in flight."""
    made = StreamLedger(platform.postgres)
    while run_batch(platform, NEVER) == 0 and made.in_flight() is not None:
        pass
    merged = made.last_merged()
    assert merged is not None
    return made


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_batch_that_dies_there_is_finished_by_the_next_run(
    platform: StreamPlatform, ledger: StreamLedger, moment: str
) -> None:
    SourceChanges(platform, random.Random(moment)).across_the_edge(EDGE)
    assert run_batch(platform, moment) == -signal.SIGKILL
    died = ledger.in_flight() or ledger.last_merged()
    assert died is not None
    assert died.state is MOMENTS[moment].leaves
    assert run_batch(platform, NEVER) == 0
    # The job of a killed batch may have started before the last changes; another batch has them.
    assert run_batch(platform, NEVER) == 0
    assert ledger.batch(died.id).state is BatchState.MERGED
    found = reckon(platform)
    assert found.unified_rows > 1_000
    assert account(platform).rows_in > found.unified_rows
