"""`python -m lakehouse.observe.incidents list|show|ack|send`: what is open, why, and what to type.

On the embedded platform: `bin/incidents`. Exit code: 0 nothing is open or it was done, 1 something is open,
2 refused.
"""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from lakehouse.observe.incidents.delivery import deliver_alerts
from lakehouse.observe.incidents.finding import Incident
from lakehouse.observe.incidents.here import postgres_here
from lakehouse.observe.incidents.reading import (
    UnknownIncidentError,
    incident,
    open_incidents,
    resolved_incidents,
)
from lakehouse.observe.incidents.record import acknowledge, resolve
from lakehouse.observe.incidents.words import body, spoken, title
from lakehouse.platform.database import PostgresConnections
from lakehouse.platform.errors import LakehouseError


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.do(postgres_here(), options))
    except (UnknownIncidentError, LakehouseError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _list(postgres: PostgresConnections, options: argparse.Namespace) -> int:
    found = open_incidents(postgres)
    if options.resolved:
        found += resolved_incidents(postgres, datetime.now(UTC) - timedelta(days=options.resolved))
    if options.json:
        print(json.dumps([asdict(each) for each in found], indent=2, default=str))
    elif not found:
        print("no incident is open")
    for each in [] if options.json else found:
        print(_line(each))
        if each.is_open and each.command:
            print(f"      {each.command}")
    return 1 if any(each.is_open for each in found) else 0


def _line(each: Incident) -> str:
    state = "resolved" if each.resolved_at else f"open {spoken(datetime.now(UTC) - each.opened_at)}"
    taken = f", taken on by {each.acknowledged_by}" if each.acknowledged_by and each.is_open else ""
    note = f"({state}, {each.occurrences} times{taken})"
    return f"{each.incident_id:>4}  {each.severity:<4}  {each.summary} {note}"


def _show(postgres: PostgresConnections, options: argparse.Namespace) -> int:
    found = incident(postgres, options.incident)
    if options.json:
        print(json.dumps(asdict(found), indent=2, default=str))
    else:
        print(f"{title(found, 'opened')}\n{body(found)}")
        if found.acknowledged_by:
            print(f"Taken on by: {found.acknowledged_by}")
    return 1 if found.is_open else 0


def _ack(postgres: PostgresConnections, options: argparse.Namespace) -> int:
    found = acknowledge(postgres, options.incident, options.user)
    if not found.is_open:
        print(f"incident {found.incident_id} is resolved already")
    else:
        print(f"incident {found.incident_id} is taken on by {found.acknowledged_by}")
    return 0


def _resolve(postgres: PostgresConnections, options: argparse.Namespace) -> int:
    found = incident(postgres, options.incident)
    for each in found.causes:
        resolve(postgres, each.key, f"{options.user}, by hand")
    print(f"incident {found.incident_id} is resolved")
    return 0


def _send(postgres: PostgresConnections, _: argparse.Namespace) -> int:
    print(f"{deliver_alerts(postgres)} messages have left")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lakehouse.observe.incidents",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, dest="command")
    listing = commands.add_parser("list", help="what is open, with the command that fixes it")
    listing.add_argument("--resolved", type=float, metavar="DAYS", help="also what was resolved since then")
    listing.set_defaults(do=_list)
    showing = commands.add_parser("show", help="all that is known of one incident")
    showing.set_defaults(do=_show)
    taking = commands.add_parser("ack", help="take it on: no more messages until it is worse or over")
    taking.set_defaults(do=_ack)
    ending = commands.add_parser("resolve", help="say that it is over, where no event will ever say so")
    ending.set_defaults(do=_resolve)
    commands.add_parser("send", help="send the messages that are due").set_defaults(do=_send)
    for command in (showing, taking, ending):
        command.add_argument("incident", type=int, metavar="NUMBER")
    for command in (taking, ending):
        command.add_argument(
            "--user", default=getpass.getuser(), help="who; by default who is signed in here"
        )
    for command in (listing, showing):
        command.add_argument("--json", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
