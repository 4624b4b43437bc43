"""How a fork of the process that holds what workers import (`preloaded`) becomes a worker."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final, NoReturn

PARENT: Final = "airbyte-parent"
"""What `ps -o comm` and `top` call the process that workers are forked from."""
WAITING: Final = "airbyte-worker"
"""A worker that has no order."""
RUNNING: Final = "airbyte-sync"
"""One that has."""
READY: Final = "\n"
"""A worker's first line. From then on a signal to its process group reaches it, and nothing else."""


def begin(ahead: bool, order: Connection, messages: Connection, complaints: Connection) -> NoReturn:
    """Make the pipes stdin, stdout and stderr, then run one attempt (`run`) and end."""
    # Not above: the server imports this module too, and nothing else of what a worker needs.
    from airbyte_engine.worker.run import run

    os.setsid()
    for pipe, descriptor in ((order, 0), (messages, 1), (complaints, 2)):
        os.dup2(pipe.fileno(), descriptor)
        pipe.close()
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)
    show_as(WAITING)
    print(READY, end="", flush=True)
    code = 1
    try:
        code = run(ahead, begins=lambda: show_as(RUNNING))
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    # Without the interpreter's own end, which would close what had better not be (`snapshot._ABANDONED`).
    os._exit(code)


def show_as(name: str) -> None:
    """What `ps -o comm` and `top` call this process; at most 15 characters count."""
    with contextlib.suppress(OSError):  # there is no such file elsewhere than on Linux
        Path("/proc/self/comm").write_text(name, encoding="ascii")
