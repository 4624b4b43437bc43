"""Writing a plan: every file of it, or none."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from lakehouse.onboarding.writing.blueprint import BlueprintError
from lakehouse.onboarding.writing.plan import FileChange
from lakehouse.platform.whole_files import write_whole

PRIVATE: Final = 0o600


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
            # Before it is written: Ctrl-C may come right after.
            done.append(change)
            _put(root / change.path, change.after, change.is_private)
    except BaseException as error:
        if isinstance(error, OSError):
            done.pop()
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
    write_whole(path, text, PRIVATE if is_private else None)
