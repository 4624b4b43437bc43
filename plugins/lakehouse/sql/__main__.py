"""SQL on the lakehouse: bin/sql "select * from gold.daily_revenue limit 5".

Prints a table on a terminal, and CSV elsewhere. The statement is the argument, the file of -f, or standard
input. It goes to the Dremio of the Airflow connection `dremio_default`, over Arrow Flight. Exit code: 0 done,
1 Dremio refused the statement or it failed, 2 no statement, no connection, or nobody answers there.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from lakehouse.platform.command_line import look_in_airflow_s_database
from lakehouse.platform.connections import Connection, ConnectionUnknownError, connection
from lakehouse.platform.errors import LakehouseError
from lakehouse.platform.names import DREMIO_CONNECTION
from lakehouse.sql.flight_query import Rows, StatementError, UnreachableError, query
from lakehouse.sql.formats import TABLE_ROWS, at_most, write_csv, write_json, write_table

CALLER_FOLDER: Final = "LAKEHOUSE_CALLER_FOLDER"
"""Where the command was typed: bin/sql runs in the repository's folder."""


class UsageError(Exception):
    """There is no statement; the message says how to give one."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one statement and print its rows."""
    options = _parser().parse_args(arguments)
    terminal = sys.stdout.isatty()
    write = options.write or (write_table if terminal else write_csv)
    limit = options.limit if options.limit is not None else TABLE_ROWS if write is write_table else 0
    try:
        statement = _statement(options.statement, options.file)
        began = time.monotonic()
        with query(_dremio(options.conn_id), statement) as result:
            rows, more = at_most(result, limit)
            count = _print(rows, write)
    except StatementError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        raise
    except (UsageError, UnreachableError, LakehouseError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if more() and options.limit is None:
        print(f"the first {count} rows: --limit 0 shows all, --csv and --json write them", file=sys.stderr)
    elif write is write_table and terminal:
        print(f"{count} row{'' if count == 1 else 's'} in {time.monotonic() - began:.1f} s", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bin/sql", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("statement", nargs="?", help="one statement; - for standard input")
    parser.add_argument("-f", "--file", help="read the statement from a file")
    parser.add_argument(
        "--limit", type=_count, metavar="N", help=f"rows at most, 0 for all (table: {TABLE_ROWS})"
    )
    parser.add_argument("--conn-id", default=DREMIO_CONNECTION, help=f"default: {DREMIO_CONNECTION}")
    form = parser.add_mutually_exclusive_group()
    for name, write, summary in (
        ("table", write_table, "a table, also in a pipe"),
        ("csv", write_csv, 'CSV with a heading; NULL is an empty field, an empty text is ""'),
        ("json", write_json, "one JSON object per line; numbers have all their digits"),
    ):
        form.add_argument(f"--{name}", dest="write", action="store_const", const=write, help=summary)
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is less than 0")
    return number


def _statement(argument: str | None, file: str | None) -> str:
    if argument not in (None, "-") and file is not None:
        raise UsageError("give the statement or -f FILE, not both")
    if file is not None:
        text = (Path(os.environ.get(CALLER_FOLDER) or ".") / file).read_text(encoding="utf-8")
    elif argument not in (None, "-"):
        text = str(argument)
    elif sys.stdin.isatty() and argument is None:
        raise UsageError('no statement: bin/sql "select ...", bin/sql -f FILE, or on standard input')
    else:
        text = sys.stdin.read()
    # Dremio's parser knows no end of a statement.
    statement = text.strip().rstrip(";").rstrip()
    if not statement:
        raise UsageError("the statement is empty")
    return statement


def _dremio(conn_id: str) -> Connection:
    """From the environment if it is there, which takes no time, else from wherever Airflow keeps it."""
    try:
        return connection(conn_id)
    except ConnectionUnknownError:
        from lakehouse.platform.airflow_connections import airflow_connection

        look_in_airflow_s_database()
        kept = airflow_connection(conn_id)
    return Connection(
        host=kept.host or "",
        port=kept.port,
        schema=kept.schema or "",
        login=kept.login or "",
        password=kept.password or "",
        extra=kept.extra_dejson,
    )


def _print(rows: Rows, write: Callable[[Rows, BinaryIO], int]) -> int:
    count = write(rows, sys.stdout.buffer)
    sys.stdout.flush()
    return count


if __name__ == "__main__":
    sys.exit(main())
