"""Files that only their owner may read, replaced whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_private(path: Path, text: str, *, durable: bool = False) -> None:
    """Write `text` with mode 600; a reader sees the old file or the new one.

    `durable`: a crash of the machine right after it does not lose it.
    """
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
        if durable:
            out.flush()
            os.fsync(out.fileno())
    part.replace(path)
