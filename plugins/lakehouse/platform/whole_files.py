"""Files that are there whole or not at all, whenever the command that writes them is interrupted."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, text: str, mode: int | None = None) -> None:
    """Replace the file in one step, and make its folder.

    Args:
        path: the file.
        text: all of it, written as UTF-8.
        mode: its permissions; by default those that it has, or that a new file gets.

    Raises:
        OSError: it cannot be written; it is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(kept if mode is None else mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    """The process's own; the system tells it only when it sets another."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
