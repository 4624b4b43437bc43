"""`make logs`: the last lines of the programs' logs, and what is added to them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

POLL_SECONDS = 0.5
BLOCK_BYTES = 64 * 1024


def last_lines(path: Path, count: int) -> list[str]:
    """The last `count` lines, reading no more of the file than its end."""
    if not path.exists():
        return []
    with path.open("rb") as log:
        size = log.seek(0, os.SEEK_END)
        log.seek(max(0, size - BLOCK_BYTES))
        return log.read().decode(errors="replace").splitlines()[-count:]


def follow(paths: Iterable[Path], show: Callable[[Path, str], None]) -> None:
    """Show every line that is added to one of `paths`, forever; rotation is noticed by a shrunk file."""
    places = {path: path.stat().st_size if path.exists() else 0 for path in paths}
    while True:
        for path, place in places.items():
            size = path.stat().st_size if path.exists() else 0
            if size == place:
                continue
            with path.open("rb") as log:
                log.seek(place if size > place else 0)
                for line in log.read().decode(errors="replace").splitlines():
                    show(path, line)
                places[path] = log.tell()
        time.sleep(POLL_SECONDS)
