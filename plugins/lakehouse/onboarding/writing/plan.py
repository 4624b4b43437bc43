"""What a run would do to the files of the repository, before it does anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from lakehouse.onboarding.writing.blueprint import BlueprintError
from lakehouse.onboarding.writing.merging import merge


class OnConflict(StrEnum):
    """Whose lines stand where a person and the source have changed the same ones."""

    STOP = "stop"
    MINE = "mine"
    SOURCE = "source"


_PREFER = {OnConflict.MINE: "ours", OnConflict.SOURCE: "theirs", OnConflict.STOP: ""}


@dataclass(frozen=True)
class FileChange:
    """One file: its text before and after; None where there is no file."""

    path: str
    before: str | None
    after: str | None
    conflict: str = ""
    """Both sides between git's marks, where they cannot be merged; nothing may be written then."""
    is_private: bool = False
    """Does it hold secrets?"""
    is_generated: bool = False
    """Is it made from other files, so that nobody reads its changes?"""


def planned_changes(
    made: Mapping[str, str],
    wanted: Mapping[str, str],
    root: Path,
    on_conflict: OnConflict = OnConflict.STOP,
) -> list[FileChange]:
    """The files that change, by path.

    Args:
        made: texts by path, as the last run made them; empty at the first.
        wanted: texts by path, as this run makes them.
        root: of the repository.
        on_conflict: what happens to lines that both have changed.

    Raises:
        BlueprintError: a file is there that bin/source has not made.
    """
    changes = [
        _change(path, made.get(path), _text(root / path), wanted.get(path), on_conflict)
        for path in sorted(made.keys() | wanted.keys())
    ]
    foreign = [
        change.path for change in changes if change and change.path not in made and change.before is not None
    ]
    if foreign:
        raise BlueprintError(
            f"{', '.join(foreign)}: there, and not made by bin/source: choose another NAME or --prefix, "
            "or move the file away"
        )
    return [change for change in changes if change is not None]


def _change(
    path: str, base: str | None, mine: str | None, theirs: str | None, on_conflict: OnConflict
) -> FileChange | None:
    if theirs in (base, mine):
        return None
    if mine == base or base is None:
        return FileChange(path, mine, theirs)
    if theirs is None or mine is None:
        return _gone_on_one_side(path, mine, theirs, on_conflict)
    merged = merge(mine, base, theirs, _PREFER[on_conflict])
    if merged.text == mine:
        return None
    conflict = merged.text if merged.has_conflicts and on_conflict is OnConflict.STOP else ""
    return FileChange(path, mine, mine if conflict else merged.text, conflict)


def _gone_on_one_side(
    path: str, mine: str | None, theirs: str | None, on_conflict: OnConflict
) -> FileChange | None:
    """The file was deleted by hand, or is to be deleted and was edited."""
    if mine is None or on_conflict is OnConflict.MINE:
        return None
    if on_conflict is OnConflict.SOURCE:
        return FileChange(path, mine, theirs)
    return FileChange(path, mine, mine, f"{path} is to be deleted and has been edited by hand")


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
