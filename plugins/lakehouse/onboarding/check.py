"""`bin/source check NAME`: does everything fit? The files, their variables, the source, Airbyte.

Looks, and writes nothing. Exit code: 0 everything fits, 1 something does not, 2 something could not be
looked at and nothing else is wrong.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from psycopg.conninfo import make_conninfo
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lakehouse.airbyte.connection_file import MANIFESTS, ConnectionFile
from lakehouse.onboarding.checking.database import check_database, check_streamed
from lakehouse.onboarding.checking.declared import (
    DeclaredStream,
    declared_connections,
    declared_streams,
    streamed_connections,
)
from lakehouse.onboarding.checking.files_agree import check_files
from lakehouse.onboarding.checking.finding import Finding, Status, unknown
from lakehouse.onboarding.checking.records import check_records
from lakehouse.onboarding.checking.server import check_airbyte
from lakehouse.onboarding.checking.variables import check_variables, known_values
from lakehouse.onboarding.profiling.files import profile_declared
from lakehouse.onboarding.profiling.profile import ProfileError
from lakehouse.onboarding.profiling.rest import profile_manifest
from lakehouse.platform.connections import SSL_WORDS, Connection, ConnectionUnknownError, connection
from lakehouse.platform.console import CommandConsole
from lakehouse.platform.repository import REPOSITORY

_MARKS: Final = {
    Status.FITS: ("ok", "green"),
    Status.NOTE: ("note", "cyan"),
    Status.DIFFERS: ("differs", "red"),
    Status.UNKNOWN: ("?", "yellow"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which business."""
    parser.add_argument("name", metavar="NAME", help="the business, such as cafe")


def run(options: argparse.Namespace, root: Path = REPOSITORY, console: Console | None = None) -> int:
    """Look at everything, and print a line for each thing.

    Raises:
        LakehouseError: there is no such business, or one of its files is faulty.
    """
    connections = declared_connections(options.name)
    streamed = streamed_connections(options.name)
    of_night = [stream for each in connections for stream in declared_streams(each, root)]
    streams = of_night + [stream for each in streamed for stream in declared_streams(each, root)]
    values = known_values(connections, root)
    findings = [
        *check_files(connections, of_night, root),
        *check_variables(connections, values, root),
        *(finding for each in (*connections, *streamed) for finding in _source(each, streams, values)),
        *check_airbyte((*connections, *streamed), root),
    ]
    _show(console or CommandConsole(highlight=False, width=None if sys.stdout.isatty() else 160), findings)
    found = {finding.status for finding in findings}
    if Status.DIFFERS in found:
        return 1
    return 2 if Status.UNKNOWN in found else 0


def _source(
    declared: ConnectionFile, streams: Sequence[DeclaredStream], values: Mapping[str, str]
) -> Iterator[Finding]:
    ours = [each for each in streams if each.connection is declared]
    conn_id = declared.source.airflow_connection
    try:
        where = connection(conn_id, values)
        yield from _LOOKS[declared.source.type](where, declared, ours)
    except ConnectionUnknownError:
        yield unknown(declared.short_name, f"it was not looked at: {conn_id} has no address yet")
    except ProfileError as error:
        yield unknown(declared.short_name, str(error), f"correct {conn_id} in .env, or the source")


def _database(
    where: Connection, declared: ConnectionFile, streams: Sequence[DeclaredStream]
) -> Iterator[Finding]:
    ssl = declared.source.configuration.get("ssl_mode") or {}
    certificates = {word: str(where.extra[word]) for word in SSL_WORDS if where.extra.get(word)}
    dsn = make_conninfo(
        "", host=where.host, port=where.port or 5432, dbname=where.schema, user=where.login,
        password=where.password or None, **certificates | {"sslmode": ssl.get("mode", "prefer")},
    )  # fmt: skip
    return (check_streamed if declared.is_streamed else check_database)(dsn, declared, streams)


def _files(
    where: Connection, declared: ConnectionFile, streams: Sequence[DeclaredStream]
) -> Iterator[Finding]:
    found = profile_declared(where, declared.source.configuration.get("streams") or [])
    return check_records(declared, found, streams, guessed=True)


def _api(where: Connection, declared: ConnectionFile, streams: Sequence[DeclaredStream]) -> Iterator[Finding]:
    path = MANIFESTS / str(declared.source.manifest)
    found = profile_manifest(path, where.url(), where.password, declared.source.configuration)
    return check_records(declared, found, streams, guessed=False)


_LOOKS: Final = {"postgres": _database, "file": _files, "declarative": _api}


def _show(console: Console, findings: Sequence[Finding]) -> None:
    """A line for each thing that fits; what does not comes with what to type."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        mark, style = _MARKS[finding.status]
        words = Text(finding.words)
        if finding.remedy:
            words.append(f"\n-> {finding.remedy}", style="bold")
        table.add_row(Text(mark, style=style), finding.what, words)
    console.print(table)
    counts = {status: sum(finding.status is status for finding in findings) for status in Status}
    if counts[Status.DIFFERS]:
        console.print(f"{counts[Status.DIFFERS]} do not fit")
    elif counts[Status.UNKNOWN]:
        console.print(f"{counts[Status.UNKNOWN]} could not be looked at; nothing else is wrong")
    else:
        console.print("everything fits")
