"""`python -m lakehouse.bronze unloaded|ties|give-back DATE`: rows that were claimed and are not in bronze.

`unloaded` names them, with what to do. `give-back` takes them from a date that nobody meant, for the next
extract, or for the date given with `--to`. `ties` names the dates whose loads have kept one of several rows
of the same key, cursor and sync that differ. On the embedded platform: `bin/bronze`. Exit code: 0 there is
nothing to do or it was done, 1 there are such rows, 2 refused.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import date

from lakehouse.bronze.give_back import ClaimReturns, GivenBack
from lakehouse.bronze.reconciliation import BronzeLoads, TiedLoad
from lakehouse.bronze.unloaded_claims import tell, unloaded_claims
from lakehouse.night.business_date import parse_business_date
from lakehouse.platform.command_line import look_in_airflow_s_database
from lakehouse.platform.database import platform_postgres
from lakehouse.platform.errors import LakehouseError
from lakehouse.platform.storage import LakeStorage


def line_of(given: GivenBack) -> str:
    """What became of one source's rows, and what to do next."""
    streams = ", ".join(f"{part.rows:,} of {stream}" for stream, part in given.claim.per_stream.items())
    rows = f"{given.source}: {given.claim.rows:,} rows{f' ({streams})' if streams else ''}"
    if given.to is not None:
        return f"{rows} are claimed for {given.to} now: run load_bronze for it"
    return (
        f"{rows} are unclaimed now: the next extract of {given.source} takes them. A date that has been "
        "extracted before needs force_sync, or --to DATE here"
    )


def line_of_ties(load: TiedLoad) -> str:
    """One date of one stream."""
    return f"{load.business_date} {load.stream}: {load.rows:,} rows that differ in a tie ({load.examples})"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and print one line for each thing."""
    parser = argparse.ArgumentParser(
        prog="python -m lakehouse.bronze",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("unloaded", help="name rows that dates have claimed and bronze does not hold")
    commands.add_parser(
        "ties", help="name rows that were dropped though nothing tells them apart from others"
    )
    giving = commands.add_parser("give-back", help="take from a date what it has claimed")
    giving.add_argument("date", help="the date that must not have them, YYYY-MM-DD")
    giving.add_argument("--source", action="append", help="only of this source; may be repeated")
    giving.add_argument("--to", metavar="DATE", help="claim them for this date at once")
    options = parser.parse_args(arguments)
    look_in_airflow_s_database()
    try:
        postgres = platform_postgres()
        if options.command == "unloaded":
            sentences = tell(unloaded_claims(postgres))
            print("\n".join(sentences) or "every row that a date has claimed is in bronze")
            return 1 if sentences else 0
        if options.command == "ties":
            tied = BronzeLoads(postgres).tied()
            print("\n".join(map(line_of_ties, tied)) or "no load has dropped a row that differs in a tie")
            return 1 if tied else 0
        returns = ClaimReturns(postgres, LakeStorage.from_connection())
        # Also of a date that lies in the future, whatever clock has let it through.
        mistyped = parse_business_date(options.date, today=date.max)
        to = parse_business_date(options.to) if options.to else None
        given = returns.give_back(mistyped, options.source, to)
    except LakehouseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print("\n".join(map(line_of, given)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
