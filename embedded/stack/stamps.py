"""Steps done once: a stamp says for which data and which version, so that a changed one is done again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path


def done_once(stamp: Path, made_from: Iterable[str | Path], step: Callable[[], None]) -> None:
    """Run `step` unless `stamp` says it succeeded with the same `made_from` (texts, and files' contents)."""
    digest = hashlib.sha256()
    for item in made_from:
        digest.update(item.read_bytes() if isinstance(item, Path) else item.encode())
        digest.update(b"\0")
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    step()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    part = stamp.with_suffix(".part")
    part.write_text(digest.hexdigest())
    part.replace(stamp)
