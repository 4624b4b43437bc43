"""Waiting for a condition: the only place where a test sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

LOOK_SECONDS: Final = 0.05


def wait_until(
    condition: Callable[[], object], what: str, seconds: float = 60, look_every: float = LOOK_SECONDS
) -> None:
    """Look until the condition is true.

    Raises AssertionError that says what was waited for, when it is not true within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(look_every)
