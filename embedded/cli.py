"""The platform's commands: `python -m embedded.cli up|down|status|logs|env|run`; the Makefile calls these."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from embedded.night import (
    NightError,
    advance_shop,
    become_night_run,
    parse_business_date,
    parse_orders,
)
from embedded.postgres.identity import IdentityError
from embedded.settings import ROOT, SettingsError
from embedded.stack import logs as log_files
from embedded.stack import status as status_table
from embedded.stack.platform import Platform
from embedded.stack.preflight import PreflightError, check_machine
from embedded.stack.processes import end, leftovers
from embedded.stack.secrets import SecretsError
from embedded.stack.service import PreparationError
from embedded.stack.starting import Started, StartError, needed_by, start_all
from embedded.stack.stopping import StopError, stop_all, stop_some
from embedded.stack.supervisor import SupervisorError

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
console = Console(highlight=False, soft_wrap=True)

EXPECTED = (
    IdentityError,
    NightError,
    PreflightError,
    PreparationError,
    SecretsError,
    SettingsError,
    StartError,
    StopError,
    SupervisorError,
)
"""Errors whose message is all the user needs."""

Services = Annotated[list[str] | None, typer.Argument(help="Services by name; default: all of them.")]


def main() -> None:
    """Entry point: expected errors are one message and exit code 1, no traceback."""
    try:
        app()
    except EXPECTED as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(
            f"[bold red]error:[/] {_plain(str(error))}"
        )
        sys.exit(1)


@app.command()
def up(services: Services = None) -> None:
    """Start services (and those they need), each checked for health, and leave them running."""
    began = time.monotonic()
    platform = Platform.here()
    with _alone(platform):
        wanted = (
            needed_by(services or [], platform.services) if services else list(platform.services.values())
        )
        supervisor = platform.supervisor
        if not supervisor.running():
            _end_leftovers(platform)
        states = supervisor.states() if supervisor.running() else {}
        idle = [s for s in wanted if not any(states[p.name].pid for p in s.programs if p.name in states)]
        check_machine(platform.settings, idle)
        supervisor.apply(platform.programs, platform.wire)
        start_all(supervisor, wanted, _announce)
    console.print(f"[green]up[/] in {time.monotonic() - began:.1f} s")


@app.command()
def down(services: Services = None) -> None:
    """Stop the platform, or only the named services, and make sure that no process is left."""
    platform = Platform.here()
    with _alone(platform):
        if services:
            unknown = [name for name in services if name not in platform.services]
            if unknown:
                raise StopError(
                    f"there is no service {unknown[0]!r}; there are: {', '.join(platform.services)}"
                )
            if platform.supervisor.running():
                stop_some(platform.supervisor, [platform.services[name] for name in services])
            return
        began = time.monotonic()
        started_before = platform.secrets_file.exists()
        table = platform.services.values() if started_before else []
        ended = stop_all(platform.supervisor, platform.settings, table)
    console.print(f"[green]down[/] in {time.monotonic() - began:.1f} s, {ended} processes ended")


@app.command()
def status() -> None:
    """Show every service: pid, health, address, memory. Exit code 1 unless all are healthy."""
    platform = Platform.here()
    if not platform.secrets_file.exists():
        console.print("the platform was never started here: `make up`")
        raise typer.Exit(1)
    found = status_table.rows(platform.supervisor, platform.services)
    console.print(status_table.table(found))
    if any(row.health != status_table.HEALTHY for row in found):
        raise typer.Exit(1)


@app.command()
def logs(
    services: Services = None,
    lines: Annotated[int, typer.Option("-n", help="Last lines of each log.")] = 20,
    follow: Annotated[bool, typer.Option("-f", help="Go on showing what is added.")] = False,
) -> None:
    """Show the services' logs."""
    folder = Platform.here().settings.logs_dir
    paths = sorted(folder.glob("*.log"))
    if services:
        paths = [path for path in paths if path.stem.startswith(tuple(services))]
    if not paths:
        raise StartError(f"no log of {' '.join(services or ['any service'])} in {folder}")
    for path in paths:
        console.print(f"[bold]{path}[/]")
        for line in log_files.last_lines(path, lines):
            print(line)
    if follow:
        with contextlib.suppress(KeyboardInterrupt):
            log_files.follow(paths, lambda path, line: print(f"{path.stem:22} {line}", flush=True))


@app.command()
def env(
    airflow: Annotated[
        bool, typer.Option("--airflow", help="Also Airflow's settings and connections.")
    ] = False,
) -> None:
    """Print the platform's addresses and credentials as KEY=VALUE lines."""
    platform = Platform.here()
    values = dict(platform.wire) | (platform.airflow_environment() if airflow else {})
    for name, value in values.items():
        print(f"{name}={value}")


@app.command(context_settings={"allow_interspersed_args": False})
def run(
    command: Annotated[list[str], typer.Argument(help="A command and its arguments, after --.")],
    airflow: Annotated[
        bool, typer.Option("--airflow", help="Also Airflow's settings and connections.")
    ] = False,
) -> None:
    """Run a command with the platform's addresses and credentials in its environment."""
    platform = Platform.here()
    environment = dict(os.environ) | dict(platform.wire) | (platform.airflow_environment() if airflow else {})
    os.chdir(ROOT)
    os.execvpe(command[0], command, environment)  # noqa: S606  becoming the command is the point


@app.command()
def reset(yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Stop the platform and delete its state: databases, objects, passwords, logs."""
    platform = Platform.here()
    folder = platform.settings.state_dir
    if not platform.secrets_file.exists() and not platform.settings.run_dir.exists():
        raise StopError(f"{folder} holds no platform: nothing was deleted")
    if not yes and not typer.confirm(f"Delete all data and passwords in {folder}?"):
        raise typer.Exit(1)
    down()
    shutil.rmtree(folder)
    console.print(f"deleted {folder}; receipts in {platform.settings.receipts_dir} are kept")


@app.command()
def night(
    date: Annotated[str, typer.Argument(help="The business date, YYYY-MM-DD.")],
    orders: Annotated[
        str | None, typer.Option(help="Orders in the first year of a shop that opens now.")
    ] = None,
) -> None:
    """Run the whole night of a date: platform up, shop advanced to it, the nine stages followed live."""
    business_date = parse_business_date(date)
    size = None if orders is None else parse_orders(orders)
    up()
    platform = Platform.here()
    advance_shop(platform, business_date, size)
    become_night_run(platform, business_date)


@contextlib.contextmanager
def _alone(platform: Platform) -> Iterator[None]:
    """One `up` or `down` at a time; a second waits for the first."""
    folder = platform.settings.run_dir
    folder.mkdir(parents=True, exist_ok=True)
    with Path(folder / "command.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            console.print("another command is starting or stopping this platform: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _end_leftovers(platform: Platform) -> None:
    """What a killed supervisor left behind would hold the ports and the data."""
    orphans = leftovers(platform.settings.state_dir)
    if not orphans:
        return
    console.print(f"ending {len(orphans)} processes that outlived their supervisor")
    if remaining := end(orphans, 20):
        raise StartError(f"cannot end pid {', '.join(str(process.pid) for process in remaining)}")


def _announce(started: Started) -> None:
    console.print(f"  {started.name:14} [green]healthy[/] {started.seconds:5.1f} s")


def _plain(text: str) -> str:
    return text.replace("[", "\\[")


if __name__ == "__main__":
    main()
