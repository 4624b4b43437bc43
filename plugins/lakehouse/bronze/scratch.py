"""A place on the worker's disk for a load."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lakehouse.platform.errors import TransientError


class ScratchFullError(TransientError):
    """The worker's disk is full."""


@contextmanager
def scratch_folder(stream: str) -> Iterator[Path]:
    """A local folder for a load, gone after it."""
    with tempfile.TemporaryDirectory(prefix=f"bronze-{stream}-") as folder:
        try:
            yield Path(folder)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise ScratchFullError(
                f"stream {stream}: no space left in {Path(folder).parent}, where a load needs about three "
                "times the size of its landing objects; nothing was published. Free some space or point "
                "TMPDIR elsewhere, and this task's next attempt succeeds"
            ) from error
