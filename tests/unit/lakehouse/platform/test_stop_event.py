"""An event that a signal handler sets while the main thread waits for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from lakehouse.platform.repository import REPOSITORY
from lakehouse.platform.stop_event import StopEvent

MANY_SIGNALS = """
import random, signal
from lakehouse.platform.stop_event import StopEvent

now = [StopEvent()]
signal.signal(signal.SIGALRM, lambda *_: now[0].set())
for _ in range(2000):
    now[0] = told = StopEvent()
    signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, 3e-4))
    while not told.is_set():
        told.wait(1e-5)
"""


def test_it_is_set_for_all_who_wait_and_stays_so() -> None:
    event = StopEvent()
    assert not event.is_set()
    assert not event.wait(0)
    seen: list[bool] = []
    waiting = [threading.Thread(target=lambda: seen.append(event.wait(30))) for _ in range(3)]
    for thread in waiting:
        thread.start()
    event.set()
    for thread in waiting:
        thread.join(30)
    assert seen == [True] * 3
    assert event.is_set()
    assert event.wait()
    with pytest.raises(TypeError, match="stays set"):
        event.clear()


def test_a_wait_that_nobody_ends_lasts_its_time() -> None:
    began = time.monotonic()
    assert not StopEvent().wait(0.05)
    assert time.monotonic() - began >= 0.05


def test_a_handler_never_waits_for_the_thread_that_it_interrupts() -> None:
    """With `threading.Event` in its place this hangs each time."""
    done = subprocess.run(
        [sys.executable, "-c", MANY_SIGNALS],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY / "plugins")}, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0


def test_a_signal_ends_a_wait_at_once() -> None:
    before = signal.getsignal(signal.SIGUSR1)
    event = StopEvent()
    signal.signal(signal.SIGUSR1, lambda *_: event.set())
    try:
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        assert event.wait(60)
    finally:
        signal.signal(signal.SIGUSR1, before)
