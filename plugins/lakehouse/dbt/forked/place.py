"""Where a parent's socket lies: a folder that only its owner may enter, with a name of any length.

On a platform with a state folder (LAKEHOUSE_STATE_DIR) it lies there, so that two platforms of one machine
never share a parent; else in the user's own folder below the temporary one.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping


class PlaceError(Exception):
    """There is no folder that a socket may lie in; the message says why."""


def private_folder(environment: Mapping[str, str]) -> str:
    """The folder for sockets, made with mode 700 where it is missing.

    Raises:
        PlaceError: it cannot be made, or others may enter it.
    """
    state = environment.get("LAKEHOUSE_STATE_DIR", "").strip()
    temporary = environment.get("TMPDIR") or "/tmp"  # noqa: S108  only a folder of mode 700 is used
    path = (
        os.path.join(os.path.abspath(state), "dbt")
        if state
        else os.path.join(temporary, f"lakehouse-dbt-{os.getuid()}")
    )
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
        found = os.lstat(path)
    except OSError as error:
        raise PlaceError(f"no folder for its socket: {error}") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PlaceError(f"{path} is not a folder of this user alone (mode 700)")
    return path


def short_name(folder: int, name: str) -> str:
    """An address for bind and connect by an open folder: a socket's own path may hold 107 bytes only."""
    return f"/proc/self/fd/{folder}/{name}"
