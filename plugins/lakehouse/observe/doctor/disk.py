"""Is there room where this machine writes, and in the lake as far as somebody has measured it?"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lakehouse.observe.doctor.finding import Finding, error, warn
from lakehouse.observe.doctor.surroundings import Surroundings

WARN_FREE_SHARE: Final = 0.10
ERROR_FREE_SHARE: Final = 0.03
WARN_FREE_BYTES: Final = 6 * 2**30
"""Below this a large disk counts as well: a night's scratch and logs take some GiB."""
ERROR_FREE_BYTES: Final = 1 * 2**30
WARN_FREE_INODES: Final = 0.05


def disk_look(around: Surroundings) -> Iterator[Finding]:
    """Every folder that is written to, each file system once."""
    seen: set[int] = set()
    for purpose, folder in _folders(around):
        place = next((each for each in (folder, *folder.parents) if each.exists()), None)
        if place is None or (device := place.stat().st_dev) in seen:
            continue
        seen.add(device)
        yield from _room(purpose, place)


def _folders(around: Surroundings) -> Iterator[tuple[str, Path]]:
    for variable, purpose in (
        ("LAKEHOUSE_STATE_DIR", "the platform's state"),
        ("LAKEHOUSE_RECEIPTS_DIR", "the receipts"),
        ("AIRFLOW_HOME", "Airflow's logs"),
    ):
        if around.environ.get(variable):
            yield purpose, Path(around.environ[variable])
    yield "what loads keep while they run", Path(around.environ.get("TMPDIR") or tempfile.gettempdir())
    yield "the checkout", around.checkout


def _room(purpose: str, place: Path) -> Iterator[Finding]:
    status = os.statvfs(place)
    total, free = status.f_blocks * status.f_frsize, status.f_bavail * status.f_frsize
    if not total:
        return
    share = free / total
    seen = f"{place}: {_gib(free)} of {_gib(total)} free ({share:.0%})"
    command = f"du -xsh {place}/* | sort -h | tail"
    if share < ERROR_FREE_SHARE or free < ERROR_FREE_BYTES:
        yield error(f"the disk of {purpose} is full", seen, command)
    elif free < WARN_FREE_BYTES or (share < WARN_FREE_SHARE and free < 10 * WARN_FREE_BYTES):
        yield warn(f"the disk of {purpose} is nearly full", seen, command)
    if status.f_files and status.f_favail / status.f_files < WARN_FREE_INODES:
        inodes = f"{place}: {status.f_favail} of {status.f_files} inodes free"
        yield warn(f"the disk of {purpose} is running out of inodes", inodes, f"du --inodes -xs {place}/*")


def _gib(size: float) -> str:
    return f"{size / 2**30:.1f} GiB"
