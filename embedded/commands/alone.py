"""One `up` or `down` of a platform at a time."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from embedded.composition.platform import Platform


@contextlib.contextmanager
def alone(platform: Platform) -> Iterator[None]:
    """While this lasts, another command that starts or stops the same platform waits for it."""
    folder = platform.settings.run_dir
    folder.mkdir(parents=True, exist_ok=True)
    with Path(folder / "command.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another command is starting or stopping this platform: waiting for it", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
