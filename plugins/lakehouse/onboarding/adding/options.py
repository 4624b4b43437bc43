"""The options of `bin/source add`, each read into the form that the rest works with."""

from __future__ import annotations

import argparse

from lakehouse.onboarding.adding.choices import MODES, Wishes
from lakehouse.onboarding.writing.blueprint import BlueprintError
from lakehouse.onboarding.writing.plan import OnConflict

_EPILOG = """\
examples:
  bin/source add cafe --postgres postgresql://reader@db.example.com/cafe --dry-run
  bin/source add cafe --postgres - --schema sales --cdc orders --gold orders
  bin/source add cafe --files '/srv/drops/*.csv' --key prices=sku
  bin/source add cafe --rest cafe.yaml --url https://api.example.com --token-variable CAFE_TOKEN
  bin/source add cafe                      what has changed at the source since

No password has to stand on the command line: PGPASSWORD, standard input (--postgres -), or a question.
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Everything that `bin/source add` takes."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.add_argument("name", metavar="NAME", help="of the business, such as cafe")
    where = parser.add_argument_group("the source; without one, those of the last call")
    where.add_argument(
        "--postgres", metavar="DSN", help="a PostgreSQL address; - reads it from standard input"
    )
    where.add_argument(
        "--files", metavar="PATTERN", help="CSV, JSON lines or Parquet: /srv/drops/*.csv, s3://…"
    )
    where.add_argument("--rest", metavar="MANIFEST", help="a low-code manifest of Airbyte")
    where.add_argument(
        "--schema", type=_list, action="extend", default=[], help="PostgreSQL schemas (public)"
    )
    where.add_argument("--url", help="the API's address")
    where.add_argument("--token-variable", metavar="NAME", help="the variable that holds the API's token")
    where.add_argument(
        "--setting",
        type=_pair,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="of the manifest's spec",
    )
    where.add_argument("--prefix", help="before every table's name in the lake (NAME_)")
    what = parser.add_argument_group("what is brought in; TABLE is the source's name of it")
    what.add_argument("--tables", type=_list, action="extend", default=[], metavar="A,B", help="only these")
    what.add_argument("--cdc", type=_list, action="extend", default=[], metavar="A,B", help="from the log")
    what.add_argument(
        "--mode", type=_pair, action="append", default=[], metavar="TABLE=MODE", help=", ".join(MODES)
    )
    what.add_argument("--key", type=_pair, action="append", default=[], metavar="TABLE=A,B", help="its key")
    what.add_argument(
        "--cursor", type=_pair, action="append", default=[], metavar="TABLE=COLUMN", help="its cursor"
    )
    what.add_argument(
        "--gold", type=_list, action="extend", default=[], metavar="A,B", help="with a first gold table"
    )
    what.add_argument(
        "--rename",
        type=_pair,
        action="append",
        default=[],
        metavar="TABLE.OLD=NEW",
        help="the source calls column OLD NEW since; the models keep OLD",
    )
    what.add_argument("--drop", type=_list, action="extend", default=[], metavar="A,B", help="take out again")
    how = parser.add_argument_group("how")
    how.add_argument("--yes", action="store_true", help="ask nothing, take what is proposed")
    how.add_argument("--dry-run", action="store_true", help="show everything, write nothing")
    how.add_argument(
        "--on-conflict",
        type=OnConflict,
        choices=list(OnConflict),
        default=OnConflict.STOP,
        help="whose lines stand where you and the source have changed the same ones (stop: write nothing)",
    )


def wishes_of(options: argparse.Namespace) -> Wishes:
    """What was asked for of the tables.

    Raises:
        BlueprintError: a --rename names no column.
    """
    renames = {}
    for old, new in options.rename:
        table, dot, column = old.rpartition(".")
        if not dot or not column:
            raise BlueprintError(f"--rename {old}={new}: write TABLE.OLD=NEW")
        renames[table, column] = new
    return Wishes(
        tables=tuple(_without_schema(options.tables)),
        cdc=tuple(_without_schema(options.cdc)),
        modes=dict(options.mode),
        keys={table: tuple(_list(columns)) for table, columns in options.key},
        cursors=dict(options.cursor),
        renames=renames,
        drop=tuple(options.drop),
    )


def _without_schema(tables: list[str]) -> list[str]:
    return [table.rpartition(".")[2] for table in tables]


def _list(text: str) -> list[str]:
    return [word for each in text.split(",") if (word := each.strip())]


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip() or not value.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    return name.strip(), value.strip()
