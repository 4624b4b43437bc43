"""The platform's commands: `python -m embedded.cli up|down|status|logs|env|run|reset|night`.

The Makefile calls these. What starts something is imported only when it is asked for: the other commands
have to work in an environment that lacks packages.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from embedded.command import as_command
from embedded.commands import running
from embedded.commands.terminal import red
from embedded.errors import PlatformError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. An expected error is one message, without a traceback."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except PlatformError as error:
        print(f"{red('error:', sys.stderr)} {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="embedded.cli", description="The embedded platform's commands.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(
        name: str, act: Callable[[argparse.Namespace], int], summary: str, *, services: bool = False
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=summary, description=summary)
        command.set_defaults(command=act)
        if services:
            command.add_argument("services", nargs="*", help="services by name; default: all of them")
        return command

    add("up", _up, "Start services and those they need, and leave them running.", services=True)
    add(
        "down",
        lambda given: running.down(given.services),
        "Stop services; no process is left.",
        services=True,
    )
    add("status", lambda _: running.status(), "Show every service; exit code 1 unless all are healthy.")
    logs = add(
        "logs",
        lambda given: running.logs(given.services, given.lines, given.follow),
        "Show the services' logs.",
        services=True,
    )
    logs.add_argument("-n", dest="lines", type=int, default=20, help="last lines of each log (default 20)")
    logs.add_argument("-f", dest="follow", action="store_true", help="go on showing what is added")
    env = add("env", lambda given: running.env(given.airflow), "Print addresses and credentials.")
    run = add("run", lambda given: running.run(given.run, given.airflow), "Run a command with these.")
    for command in (env, run):
        command.add_argument("--airflow", action="store_true", help="also Airflow's settings and connections")
    run.add_argument("run", nargs="+", metavar="WORD", help="a command and its arguments, after --")
    reset = add("reset", lambda given: running.reset(given.yes), "Stop, and delete all state.")
    reset.add_argument("--yes", action="store_true", help="do not ask")
    night = add("night", _night, "Run the whole night of a business date.")
    night.add_argument("date", nargs="?", help="YYYY-MM-DD; default: yesterday, or the shop's own date")
    night.add_argument("--orders", help="orders in the first year of a shop that opens now")
    return parser


def _up(given: argparse.Namespace) -> int:
    from embedded.commands.starting import up

    return up(given.services)


def _night(given: argparse.Namespace) -> int:
    from embedded.commands.starting import night

    return night(given.date, given.orders)


if __name__ == "__main__":
    as_command(main)
