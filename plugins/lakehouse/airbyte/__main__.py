"""`python -m lakehouse.airbyte diff|apply|refresh|forget`: include/airbyte/ against the server.

`diff` shows what differs and writes nothing; `apply` brings the server to the files; `refresh CONNECTION`
reads the tables of one connection again, after their changes were lost; `forget CONNECTION ...` deletes what
no file declares. Addresses and secrets come from Airflow's connections (`AIRFLOW_CONN_*`, a secrets backend,
Airflow's database). A secret differs if another one was sent last; one typed into Airbyte is not seen.
On the embedded platform: `bin/airbyte diff`.
A source without values is left out and named, which `diff` counts as a difference; the others are compared
or applied.
Exit code: 0 nothing differs or all was done, 1 something differs, 2 it could not be told or done.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from typing import Final

from lakehouse.airbyte.connection_file import read_all_connection_files
from lakehouse.airbyte.forgetting import forget
from lakehouse.airbyte.hook import client_of
from lakehouse.airbyte.job import Job
from lakehouse.airbyte.provisioning import Action, AirbyteProvisioner, Change
from lakehouse.airbyte.reread import read_again
from lakehouse.airbyte.sent_secrets import SecretLedger
from lakehouse.platform.airflow_connections import airflow_connection
from lakehouse.platform.command_line import look_in_airflow_s_database
from lakehouse.platform.database import platform_postgres
from lakehouse.platform.errors import LakehouseError
from lakehouse.platform.names import AIRBYTE_CONNECTION

_NAMES: Final = {"refresh": (1, 1), "forget": (1, sys.maxsize)}
"""How many connections a command takes, at least and at most."""

log = logging.getLogger(__name__)


def line_of(change: Change) -> str:
    """One thing on one line; values are never shown, for they may be secrets."""
    what = f"{change.action:10} {change.kind:11} {change.name}"
    if change.differences:
        what += f": {', '.join(change.differences)}"
    if change.why:
        what += f": {change.why}"
    if change.unknown:
        what += f" (never sent from here, so it may differ: {', '.join(change.unknown)})"
    return what


def _tell(job: Job) -> None:
    print(f"Airbyte job {job.job_id}: {job.progress}", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and print one line for each thing."""
    parser = argparse.ArgumentParser(
        prog="python -m lakehouse.airbyte",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=("diff", "apply", "refresh", "forget"))
    parser.add_argument("connections", nargs="*", metavar="CONNECTION", help="refresh: one; forget: some")
    parser.add_argument("--conn-id", default=AIRBYTE_CONNECTION, help="Airflow connection of the server")
    parser.add_argument(
        "--rewrite-secrets", action="store_true", help="apply: send configurations though no difference shows"
    )
    options = parser.parse_args(arguments)
    least, most = _NAMES.get(options.command, (0, 0))
    if not least <= len(options.connections) <= most:
        parser.error("refresh takes the name of one connection, forget those of some, the others none")
    look_in_airflow_s_database()
    try:
        return _run(options)
    except LakehouseError as error:
        _complain(str(error))
    except BrokenPipeError:
        raise
    except Exception as error:
        # A traceback's exit code is 1, and 1 says that something differs.
        log.debug("%s failed", options.command, exc_info=True)
        _complain(f"{options.command} failed: {type(error).__name__}: {error}")
    return 2


def _complain(words: str) -> None:
    print(f"error: {' '.join(words.split())}", file=sys.stderr)


def _run(options: argparse.Namespace) -> int:
    client = client_of(airflow_connection(options.conn_id))
    if options.command == "refresh":
        job = read_again(client, options.connections[0], _tell)
        print(f"{options.connections[0]} has been read again: {job.rows} rows landed")
        return 0
    if options.command == "forget":
        declared = [each.name for each in read_all_connection_files()]
        done = forget(client, options.connections, declared)
        print("\n".join(f"deleted {each}" for each in done) or "Airbyte has none of these")
        return 0
    sent = SecretLedger(platform_postgres())
    provisioner = AirbyteProvisioner(client, airflow_connection, sent, options.rewrite_secrets)
    go = provisioner.compare if options.command == "diff" else provisioner.apply
    changes = go(read_all_connection_files())
    print("\n".join(map(line_of, changes)))
    differing = [change for change in changes if change.action is not Action.UNCHANGED]
    return 1 if options.command == "diff" and differing else 0


if __name__ == "__main__":
    sys.exit(main())
