"""Writing a plan: every file of it, or none."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from lakehouse.onboarding.writing.blueprint import BlueprintError
from lakehouse.onboarding.writing.plan import FileChange


def write_all(changes: Iterable[FileChange], root: Path) -> None:
    """Write the changes; if one fails, those before it are taken back.

    Raises:
        BlueprintError: a file cannot be written; the files are as they were.
    """
    done: list[FileChange] = []
    at = ""
    try:
        for change in changes:
            at = change.path
            _put(root / change.path, change.after, change.is_private)
            done.append(change)
    except BaseException as error:
        for change in reversed(done):
            _put(root / change.path, change.before, change.is_private)
        if isinstance(error, OSError):
            raise BlueprintError(f"{at} cannot be written ({error}): nothing was changed") from error
        raise


def _put(path: Path, text: str | None, is_private: bool) -> None:
    """Replace the file in one step; None deletes it, and the folders that are empty then."""
    if text is None:
        path.unlink(missing_ok=True)
        folder = path.parent
        while folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
            folder = folder.parent
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o600 if is_private else mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    """The process's own; the system tells it only when it sets another."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
