"""What a command prints with colours and tables."""

from __future__ import annotations

import errno
import os
from typing import NoReturn

from rich.console import Console


class CommandConsole(Console):
    """A console whose reader may leave: the command ends as any other (embedded.command), not with a 1."""

    def on_broken_pipe(self) -> NoReturn:
        """The reader has left.

        Raises:
            BrokenPipeError: always; rich itself would end the process with 1.
        """
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
