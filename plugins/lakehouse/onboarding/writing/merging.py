"""Three texts of a file: as it was made, as it is, as it would be made now. What a person wrote stays."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lakehouse.platform.errors import PermanentError

_SECONDS: Final = 30
_BETWEEN: Final = "\x1f\n"
"""Put behind every line, so that a change of one line and a change of the next do not meet."""


class MergeError(PermanentError):
    """git is not there, or cannot merge."""


@dataclass(frozen=True)
class Merged:
    """The merged text; with conflicts it shows both sides between git's marks."""

    text: str
    has_conflicts: bool


def merge(mine: str, base: str, theirs: str, prefer: str = "") -> Merged:
    """Bring what changed from `base` to `theirs` into `mine`.

    Args:
        mine: as the file is.
        base: as it was made.
        theirs: as it would be made now.
        prefer: "ours" or "theirs": whose lines stand where both changed the same ones; "": both are shown.

    Raises:
        MergeError: git is not there, or refuses the texts.
    """
    plain = _merge_file(mine, base, theirs, prefer="")
    if not plain.has_conflicts:
        return plain
    apart = _merge_file(_spread(mine), _spread(base), _spread(theirs), prefer)
    return plain if apart.has_conflicts else Merged(apart.text.replace(_BETWEEN, ""), False)


def _spread(text: str) -> str:
    return "".join(f"{line}\n{_BETWEEN}" for line in text.splitlines())


def _merge_file(mine: str, base: str, theirs: str, prefer: str) -> Merged:
    with tempfile.TemporaryDirectory() as scratch:
        paths = []
        for name, text in (("mine", mine), ("base", base), ("theirs", theirs)):
            path = Path(scratch) / name
            path.write_text(text, encoding="utf-8")
            paths.append(str(path))
        labels = ["-L", "as it is", "-L", "as it was made", "-L", "as the source is now"]
        command = ["git", "merge-file", "-p", *([f"--{prefer}"] if prefer else []), *labels, *paths]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
        except FileNotFoundError as error:
            raise MergeError("git is not installed, and files that were edited are merged with it") from error
    # The number of conflicts; from 128 on git has failed.
    if not 0 <= done.returncode < 128:
        raise MergeError(f"git merge-file failed: {' '.join(done.stderr.split())}")
    return Merged(done.stdout, done.returncode > 0)
