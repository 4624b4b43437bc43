"""The commands on a platform as it is: stop it, show it, read its logs, print its addresses.

They build nothing and need the standard library only, so that they work in whatever state the environments
are: not built, half built, of another lock, without an index in reach.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence

from embedded.commands.alone import alone
from embedded.commands.left_out import left_out
from embedded.commands.terminal import bold, dim, green, red
from embedded.composition.platform import Platform
from embedded.composition.user_values import ENV_FILE
from embedded.errors import PlatformError
from embedded.settings import ROOT
from embedded.stack import logs as log_files
from embedded.stack import status as status_table
from embedded.stack.service import Service
from embedded.stack.stopping import StopError, end_leftovers, stop_all, stop_some


class CommandError(PlatformError):
    """A command was asked for what is not there; the message says what there is."""


def down(services: Sequence[str]) -> int:
    """Stop the platform, or only the named services, and make sure that no process is left."""
    platform = Platform.here()
    if not platform.settings.run_dir.exists():
        # Nothing was started here, unless somebody deleted the state of a platform that runs.
        ended = end_leftovers(platform.settings, [])
        print(f"{green('down')}: {ended} processes ended" if ended else _never_started(platform))
        return 0
    with alone(platform):
        if services:
            _stop_named(platform, services)
            return 0
        started = time.monotonic()
        ended = stop_all(platform.supervisor, platform.settings, platform.started.values())
    print(f"{green('down')} in {time.monotonic() - started:.1f} s, {ended} processes ended")
    return 0


def status() -> int:
    """Show every service: pid, health, address, memory. The exit code is 1 unless all that were asked for are
    healthy."""
    platform = Platform.here()
    if not platform.secrets_file.exists():
        print(_never_started(platform))
        return 1
    services, lacking = _services(platform)
    found = status_table.rows(platform.supervisor, services)
    heading, *lines = status_table.table(found, _painted_health)
    print(bold(heading), *lines, sep="\n")
    if lacking:
        print(f"health is not known: {lacking}. `make setup` builds what is missing")
    return 0 if status_table.all_well(found) else 1


def logs(services: Sequence[str], lines: int, follow: bool) -> int:
    """Show the last `lines` of the services' logs and, if `follow`, what is added."""
    folder = Platform.here().settings.logs_dir
    paths = sorted(folder.glob("*.log"))
    if services:
        paths = [path for path in paths if path.stem.startswith(tuple(services))]
    if not paths:
        raise CommandError(f"no log of {' '.join(services) or 'any service'} in {folder}")
    for path in paths:
        print(bold(str(path)))
        for line in log_files.last_lines(path, lines):
            print(line)
    if follow:
        with contextlib.suppress(KeyboardInterrupt):
            log_files.follow(paths, lambda path, line: print(f"{path.stem:22} {line}", flush=True))
    return 0


def env(airflow: bool) -> int:
    """Print the platform's addresses and credentials as KEY=VALUE lines, quoted for a shell where need be;
    with `airflow` its settings and connections too."""
    platform = Platform.here()
    for name, value in (_airflow_environment(platform) if airflow else platform.wire).items():
        print(f"{name}={shlex.quote(value)}")
    return 0


def run(command: Sequence[str], airflow: bool) -> int:
    """Become a command that has the platform's addresses and credentials in its environment."""
    platform = Platform.here()
    own = _airflow_environment(platform) if airflow else platform.wire
    # Whatever imports Airflow makes a folder for it, in the user's home if it is told of no other.
    place = {"AIRFLOW_HOME": str(platform.settings.service_dir("airflow"))}
    environment = dict(os.environ) | place | _env_file(platform) | dict(own)
    os.chdir(ROOT)
    # Python ignores it, and so would the command: a program that is not Python could never end by it.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.execvpe(command[0], list(command), environment)  # noqa: S606  becoming the command is the point


def reset(yes: bool) -> int:
    """Stop the platform and delete its state: databases, objects, passwords, logs."""
    platform = Platform.here()
    folder = platform.settings.state_dir
    if not platform.secrets_file.exists() and not platform.settings.run_dir.exists():
        raise CommandError(f"{folder} holds no platform: nothing was deleted")
    if not yes and not _confirmed(f"Delete all data and passwords in {folder}?"):
        return 1
    down([])
    shutil.rmtree(folder)
    print(f"deleted {folder}; receipts in {platform.settings.receipts_dir} are kept")
    return 0


def _confirmed(question: str) -> bool:
    """Without anybody to answer, the answer is no."""
    try:
        return input(f"{question} [y/N]: ").strip().lower() in {"y", "yes"}
    except EOFError:
        print("not confirmed: nothing was deleted")
        return False


def _stop_named(platform: Platform, names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in platform.started]
    if unknown:
        raise StopError(f"there is no service {unknown[0]!r}; there are: {', '.join(platform.started)}")
    if platform.supervisor.running():
        chosen = [platform.started[name] for name in names]
        stop_some(platform.supervisor, platform.settings, chosen)


def _services(platform: Platform) -> tuple[Mapping[str, Service], str]:
    """The services with their health checks or, with the reason, those that were started, without."""
    try:
        return platform.services, ""
    except (ImportError, PlatformError) as error:
        return platform.started, str(error)


def _airflow_environment(platform: Platform) -> Mapping[str, str]:
    """What Airflow needs or, where the files say nothing that can be used, what it was last started with: a
    command that looks at a running platform must not depend on files that are being edited."""
    try:
        found = platform.airflow_environment()
    except PlatformError as error:
        print(f"warning: {error}", file=sys.stderr)
        print("warning: going on with the connections of the last `make up`", file=sys.stderr)
        return platform.recorded_airflow_environment()
    for line in left_out(platform):
        print(f"warning: {line}", file=sys.stderr)
    return found


def _env_file(platform: Platform) -> dict[str, str]:
    """Where the user's values are written, if somebody has named a file: now, or to the command that started
    the platform. The default needs no name, and named it would have to be there."""
    with contextlib.suppress(PlatformError):
        user = platform.user
        return {ENV_FILE: str(user.env_file)} if user.exported.get(ENV_FILE) else {}
    return {}


def _painted_health(padded: str) -> str:
    colours: dict[str, Callable[[str], str]] = {
        status_table.HEALTHY: green,
        status_table.DOWN: dim,
        status_table.OFF: dim,
        "": str,
    }
    return colours.get(padded.strip(), red)(padded)


def _never_started(platform: Platform) -> str:
    return f"nothing runs: no platform was ever started in {platform.settings.state_dir} (`make up` does it)"
