"""A module as a command of a shell: `python -m embedded.command MODULE [WORD...]`.

Every command of bin/ that is Python starts here, in whatever environment: it needs the standard library only.
A command whose reader has left (`| head`, a pager) or that is interrupted (Ctrl-C) ends without a word, by
the signal that ends other programs then: a shell shows 141 and 130, and ends its loops. Python's "Note on
SIGPIPE" exits with 1; here 1 says that something differs, or is open. SIGPIPE itself stays ignored while the
command works: it would also end one whose server breaks off in the middle of an answer.
"""

from __future__ import annotations

import os
import runpy
import select
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

SHELL_SIGNAL_BASE = 128
"""A shell shows a program that was ended by signal n as exit code 128 + n."""
OUTPUTS = (1, 2)


def as_command(call: Callable[[], int | None]) -> NoReturn:
    """Do what the command does, and end this process with its exit code."""
    try:
        try:
            code = call()
        finally:
            for stream in (sys.stdout, sys.stderr):
                if stream is not None:
                    stream.flush()
    except KeyboardInterrupt:
        end_by(signal.SIGINT)
    except BrokenPipeError:
        if not reader_has_left():
            raise
        end_by(signal.SIGPIPE)
    sys.exit(code)


def reader_has_left() -> bool:
    """Is there nobody at the other end of the output? A broken connection to a server is another matter."""
    outputs = select.poll()
    for number in OUTPUTS:
        outputs.register(number, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in outputs.poll(0))


def end_by(number: signal.Signals) -> NoReturn:
    """End as a program that leaves the signal to the system; nothing is written any more."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    # The first process of a container is not ended by a signal that it does not handle.
    os._exit(SHELL_SIGNAL_BASE + number)


def _run_module() -> None:
    if len(sys.argv) < 2:
        sys.exit("usage: python -m embedded.command MODULE [WORD...]")
    module = sys.argv[1]
    del sys.argv[0]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    as_command(_run_module)
