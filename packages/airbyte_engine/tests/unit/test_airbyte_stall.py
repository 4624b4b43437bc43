"""An attempt in which nothing moves ends itself; one that only waits between signs of life does not."""

from __future__ import annotations

import json
import subprocess
import sys

PROGRAM = """
import time
from airbyte_engine.worker.protocol import Outbox
from airbyte_engine.worker.stall import watch

outbox = Outbox()
watch(outbox, {patience})
for _ in range(12):
    time.sleep(0.5)
    {sign}
print("done")
"""


def run(patience: float, sign: str) -> subprocess.CompletedProcess[str]:
    program = PROGRAM.format(patience=patience, sign=sign)
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        start_new_session=True,
    )


def test_silence_is_reported_and_ended() -> None:
    ended = run(1.0, "pass")
    assert ended.returncode == -9
    reported = json.loads(ended.stdout)
    assert (reported["type"], reported["failureType"]) == ("FAILURE", "transient_error")
    assert "Nothing has moved for 1 s" in reported["externalMessage"]


def test_signs_of_life_keep_it_alive() -> None:
    ended = run(4.0, "outbox.beat()")
    assert (ended.returncode, ended.stdout) == (0, "done\n")


def test_what_waits_beside_a_hang_takes_too_little_time_to_hide_it() -> None:
    """A file that is followed while the source says nothing must not count as work, however long it lasts."""
    program = """
import time
from pathlib import Path
from airbyte_engine.worker import growing_upload, stall

growing_upload.GrowingUpload(None, "lake", "key", Path("never-written.parquet"))
time.sleep(1)
before = stall._processor_seconds()
time.sleep(3)
print(stall._processor_seconds() - before, stall._IDLE_SHARE * 3)
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    used, allowed = map(float, ended.stdout.split())
    assert used < allowed / 2
