"""`python -m lakehouse.observe.logs search|errors|show|status`: the logs of all services, from the terminal.

On the embedded platform: `bin/logs`. Exit code: 0 something was found, 1 nothing was, 2 refused or away.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from lakehouse.night.business_date import parse_business_date
from lakehouse.observe.logs import search
from lakehouse.observe.logs.document import SERVICES
from lakehouse.observe.logs.elastic import ElasticsearchAwayError, elasticsearch_client
from lakehouse.observe.logs.lake_search import in_lake
from lakehouse.observe.logs.lake_sink import lake_of
from lakehouse.observe.logs.sources import shipper_folder
from lakehouse.platform.connections import ConnectionUnknownError
from lakehouse.platform.errors import LakehouseError
from lakehouse.platform.storage import LakeStorage

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

USUAL_LINES: Final = 100
LINES_OF_A_STAGE: Final = 10_000
ANSWER_SECONDS: Final = 20.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command."""
    options = _parser().parse_args(arguments)
    commands = {"search": _search, "errors": _errors, "show": _show, "status": _status}
    try:
        return commands[options.command](options)
    except ElasticsearchAwayError as error:
        hint = "" if options.command == "status" else ", or search the lake: the same command with --lake"
        print(f"error: {error}{hint}", file=sys.stderr)
    except LakehouseError as error:
        print(f"error: {error}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bin/logs", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    searching = commands.add_parser("search", help='full text: words, "a phrase", -without, begin*')
    searching.add_argument("text", nargs="*", help="what the message holds; without it every message")
    listing = commands.add_parser("errors", help="how many errors each service has, and its newest")
    showing = commands.add_parser("show", help="all of a stage's log for a business date")
    showing.add_argument("stage", help="the id of a DAG, such as transform_marts")
    showing.add_argument("date", help="YYYY-MM-DD")
    showing.add_argument("--task", help="only of this task")
    for command in (searching, showing):
        command.add_argument(
            "--level", action="append", default=[], help="DEBUG, INFO, WARN or ERROR; repeatable"
        )
    for command, usual in ((searching, USUAL_LINES), (showing, LINES_OF_A_STAGE)):
        command.add_argument(
            "--limit", type=_positive, default=usual, help=f"at most so many entries ({usual})"
        )
    searching.add_argument("--date", help="a business date, YYYY-MM-DD")
    for command in (searching, listing):
        command.add_argument("--service", action="append", default=[], choices=SERVICES, help="repeatable")
    searching.add_argument("--since", help="30m, 1h, 2d or a time; default: all")
    listing.add_argument("--since", default="1h", help="30m, 1h, 2d or a time; default: 1h")
    for command in (searching, listing, showing):
        command.add_argument("--json", action="store_true", help="one JSON document per line")
        command.add_argument("--lake", action="store_true", help="search the lake instead of Elasticsearch")
    commands.add_parser("status", help="how far the shipper is, and what it could not send")
    return parser


def _search(options: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    question = search.Question(
        text=" ".join(options.text),
        since=search.since(options.since, now) if options.since else None,
        services=tuple(options.service),
        levels=tuple(map(search.level, options.level)),
        day=parse_business_date(options.date, today=datetime.max.date()) if options.date else None,
    )
    if options.lake:
        found = in_lake(_lake(), question, now)
        entries, total = found[-options.limit :], len(found)
    else:
        entries, total = search.newest(_client(), question, options.limit)
    _print(entries, as_json=options.json)
    if total > len(entries):
        print(f"the newest {len(entries)} of {total}: --limit shows more", file=sys.stderr)
    if not total:
        print("nothing was found", file=sys.stderr)
    return 0 if total else 1


def _errors(options: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    question = search.Question(
        since=search.since(options.since, now), services=tuple(options.service), levels=("ERROR",)
    )
    found = _errors_in_lake(question, now) if options.lake else search.errors_by_service(_client(), question)
    for each in found:
        if options.json:
            print(json.dumps({"service": each.service, "errors": each.count, "newest": each.newest}))
        else:
            print(f"{each.service:9} {each.count:6}  {_line(each.newest, whole=False)}")
    if not found:
        print(f"no errors since {question.since:%Y-%m-%d %H:%M} UTC", file=sys.stderr)
    return 0 if found else 1


def _errors_in_lake(question: search.Question, now: datetime) -> list[search.Errors]:
    by_service: dict[str, list[dict[str, Any]]] = {}
    for entry in in_lake(_lake(), question, now):
        by_service.setdefault(entry["service"], []).append(entry)
    found = [search.Errors(name, len(entries), entries[-1]) for name, entries in by_service.items()]
    return sorted(found, key=lambda each: -each.count)


def _show(options: argparse.Namespace) -> int:
    question = search.Question(
        levels=tuple(map(search.level, options.level)),
        day=parse_business_date(options.date, today=datetime.max.date()),
        fields={"stage": options.stage} | ({"task": options.task} if options.task else {}),
    )
    if options.lake:
        question = replace(question, services=("airflow", "dbt"))
        entries = in_lake(_lake(), question, datetime.now(UTC))[: options.limit]
    else:
        entries = list(search.everything(_client(), question, options.limit))
    _print(entries, as_json=options.json)
    if len(entries) == options.limit:
        print(f"only the first {options.limit}: --limit shows more", file=sys.stderr)
    if not entries:
        print(
            f"no log of {options.stage} for {options.date}; `bin/logs status` says what is sent",
            file=sys.stderr,
        )
    return 0 if entries else 1


def _status(options: argparse.Namespace) -> int:
    path = shipper_folder(os.environ) / "status.json"
    if not path.exists():
        print("the shipper has not run here yet: `make up OBSERVE=1` starts it", file=sys.stderr)
        return 1
    print(path.read_text(encoding="utf-8"), end="")
    return 0


def _client() -> Elasticsearch:
    return elasticsearch_client(answer_seconds=ANSWER_SECONDS)


def _lake() -> LakeStorage:
    try:
        return lake_of(os.environ)
    except ConnectionUnknownError:
        return LakeStorage.from_connection()


def _print(entries: Iterable[dict[str, Any]], *, as_json: bool) -> None:
    for entry in entries:
        print(json.dumps(entry, ensure_ascii=False) if as_json else _line(entry, whole=True))


def _line(entry: dict[str, Any], *, whole: bool) -> str:
    message = str(entry["message"])
    shown = message.replace("\n", "\n    ") if whole else message.split("\n", 1)[0][:200]
    where = "/".join(str(entry[name]) for name in ("stage", "task") if name in entry)
    attempt = f"[{entry['attempt']}]" if where and "attempt" in entry else ""
    job = f" job={entry['job_id']}" if not where and "job_id" in entry else ""
    place = f" {where}{attempt}" if where else job
    moment = str(entry["timestamp"]).replace("T", " ")
    return f"{moment} {entry['level']:5} {entry['service']}{place} {shown}"


def _positive(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 10_000:
        raise argparse.ArgumentTypeError("give a number from 1 to 10000")
    return number


if __name__ == "__main__":
    sys.exit(main())
