#!/usr/bin/env -S python3 -I -S
"""dbt, as far as its caller can tell: the executable that LAKEHOUSE_DBT_EXECUTABLE points at.

Arguments, environment, folder, umask and streams go to a process that is forked from a parent which has
imported dbt; signals follow; this process ends as that one ended, by exit code or by signal. Where that
cannot be had, it says so in one line and becomes plain dbt.

LAKEHOUSE_DBT_ENVIRONMENT is the environment that dbt is installed in (default: the one that `make` builds).
LAKEHOUSE_DBT_FORKED=0 always runs plain dbt.

It is started for every model: nothing but the standard library, and little of that.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress

if __name__ == "__main__":
    sys.path.append(os.path.abspath(os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../..")))

from lakehouse.dbt.forked import protocol
from lakehouse.dbt.forked.place import PlaceError
from lakehouse.dbt.forked.starting import connect

PARENT_LOST = 75
"""Exit code when the parent was killed during the run (EX_TEMPFAIL of sysexits.h: try again)."""

_FORWARDED = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
_END_SECONDS = 15.0
"""How long a run whose parent was killed may take to cancel its jobs and end."""


class NothingRanError(Exception):
    """The parent cannot be reached, or ended before it ran anything; the message says why."""


def main(arguments: Sequence[str]) -> int:
    """Run dbt; its exit code. Does not return where a signal ended dbt, or where this becomes plain dbt."""
    # Until dbt runs there is nothing to forward a signal to: it ends this process, without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    dbt_environment = os.environ.get("LAKEHOUSE_DBT_ENVIRONMENT") or _built_by_make()
    if os.environ.get("LAKEHOUSE_DBT_FORKED") == "0":
        return _become_plain_dbt(dbt_environment, arguments)
    try:
        connection, pid, process = _released(dbt_environment, arguments)
    except NothingRanError as reason:
        print(f"lakehouse: dbt starts by itself, without its parent: {reason}", file=sys.stderr, flush=True)
        return _become_plain_dbt(dbt_environment, arguments)
    _forward_signals(process)
    try:
        return _ended(protocol.receive_ended(connection))
    except EOFError:
        return _parent_lost(pid, process)


def _released(dbt_environment: str, arguments: Sequence[str]) -> tuple[socket.socket, int, int]:
    """A process that runs the invocation: its connection, its pid, its pidfd.

    A parent that ends just now, because nobody had asked it for a while, is asked again: it is another then.
    """
    umask = os.umask(0o077)
    os.umask(umask)
    reason: Exception | None = None
    for _ in range(2):
        try:
            invocation = protocol.Invocation(arguments, os.getcwd(), os.environ, umask)
            connection = connect(dbt_environment, os.environ)
            protocol.send_invocation(connection, invocation)
            return (connection, *protocol.receive_started(connection))
        except (PlaceError, OSError, EOFError) as error:
            reason = error
    raise NothingRanError(_one_line(reason)) from reason


def _forward_signals(process: int) -> None:
    def forward(number: int, _: object) -> None:
        with suppress(ProcessLookupError):  # it has ended, and its status is on the way
            signal.pidfd_send_signal(process, number)

    for number in _FORWARDED:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, forward)


def _ended(status: int) -> int:
    """The exit code; a signal that ended dbt ends this process as well."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return code
    import resource  # for once that dbt crashes

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the core, if any, is the other process's
    if -code not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
    return 128 - code


def _parent_lost(pid: int, process: int) -> int:
    """The run was interrupted when its parent died. See to it that it has ended before this process does."""
    end = select.poll()
    end.register(process, select.POLLIN)
    if not end.poll(_END_SECONDS * 1000):
        signal.pidfd_send_signal(process, signal.SIGKILL)
        end.poll()
    print(
        f"lakehouse: the process that dbt (pid {pid}) was forked from has been killed, and dbt was"
        f" interrupted: run it again (exit code {PARENT_LOST})",
        file=sys.stderr,
        flush=True,
    )
    return PARENT_LOST


def _become_plain_dbt(dbt_environment: str, arguments: Sequence[str]) -> int:
    dbt = os.path.join(dbt_environment, "bin", "dbt")
    try:
        os.execv(dbt, [dbt, *arguments])  # noqa: S606  becoming dbt is the point
    except OSError as error:
        print(
            f"lakehouse: no dbt at {dbt} ({error.strerror}): run make or set LAKEHOUSE_DBT_ENVIRONMENT",
            file=sys.stderr,
        )
        return 127


def _built_by_make() -> str:
    repository = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../../..")
    return os.path.join(os.path.abspath(repository), ".local", "envs", "dbt")


def _one_line(error: Exception | None) -> str:
    return " ".join(str(error).split())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
