"""`bin/source add NAME`: looks at a source, shows what it would write, and writes all of it or nothing."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.text import Text

from lakehouse.onboarding.adding.asking import ask_gold, ask_renames, ask_tables, confirmed
from lakehouse.onboarding.adding.choices import Settled, Wishes, settle
from lakehouse.onboarding.adding.evolution import connections_to_read_again
from lakehouse.onboarding.adding.given import Given, given_sources, named_kinds
from lakehouse.onboarding.adding.log_setup import statements_at_the_source
from lakehouse.onboarding.adding.options import add_options, wishes_of
from lakehouse.onboarding.adding.proposal import propose
from lakehouse.onboarding.adding.render.connections import opening
from lakehouse.onboarding.adding.render.models import mart_name
from lakehouse.onboarding.profiling.profile import TableProfile
from lakehouse.onboarding.writing.blueprint import Blueprint, BlueprintError, Source, Table, read_blueprint
from lakehouse.onboarding.writing.diff import counted, show_conflicts, show_files, show_tables
from lakehouse.onboarding.writing.env_file import env_path, read_values
from lakehouse.onboarding.writing.file_changes import write_all
from lakehouse.onboarding.writing.naming import check_business, check_prefix
from lakehouse.platform.console import CommandConsole
from lakehouse.platform.repository import REPOSITORY


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this command."""
    add_options(parser)


def run(options: argparse.Namespace) -> int:
    """Bring a business in, or write what has changed at its source.

    Returns 0 if that is done, 1 if it was declined or edits are in the way.

    Raises:
        LakehouseError: it cannot be done; nothing was written.
    """
    root, console = REPOSITORY, _console()
    check_business(options.name)
    wished = wishes_of(options)
    if options.prefix:
        check_prefix(options.prefix)
    made = read_blueprint(options.name, root) or Blueprint(options.name)
    named_kinds(options, made)
    asks = not options.yes and not options.dry_run
    if asks and not sys.stdin.isatty():
        raise BlueprintError("there is no terminal to ask on: give --yes to write, or --dry-run to look")
    if not made.sources:
        _check_is_free(options.name, root)
    given = list(given_sources(options, made, read_values(root), root))
    wanted = made
    for each, wishes in zip(given, _shared_out(wished, given), strict=True):
        wanted = wanted.with_source(_settled(console, each, wishes, asks).source)
    wanted = replace(wanted, gold=_gold(console, wanted, options.gold, asks and not made.sources))
    values = {name: value for each in given for name, value in each.values.items()}
    proposal = propose(made, wanted, values, _files(given), root, options.on_conflict)
    if proposal.conflicts:
        show_conflicts(console, proposal.conflicts)
        console.print(
            "Nothing was written. --on-conflict mine keeps your lines, --on-conflict source replaces them."
        )
        return 1
    if not proposal.changes:
        console.print(f"{options.name}: the files are as the source is")
        return 0
    show_files(console, proposal.changes, in_full=options.dry_run)
    if options.dry_run:
        console.print(f"would write {counted(proposal.changes)}")
        return 0
    if asks and not confirmed(console, f"Write {counted(proposal.changes)}?"):
        console.print("nothing was written")
        return 1
    write_all(proposal.changes, root)
    console.print(f"wrote {counted(proposal.changes)}")
    offered = [table for each in given for table in each.profile.tables]
    _show_next(console, made, wanted, offered, root)
    return 0


def _console() -> Console:
    """As wide as the terminal; elsewhere wide enough for the table of streams."""
    return CommandConsole(highlight=False, width=None if sys.stdout.isatty() else 120)


def _check_is_free(business: str, root: Path) -> None:
    """Refuse a business that somebody has written by hand; what a run that was killed has written is its own.

    Raises:
        BlueprintError: naming the connection that is there.
    """
    found = sorted((root / "include/airbyte").glob(f"{business}_*_to_lake.yaml"))
    taken = [path for path in found if not path.read_text("utf-8").startswith(opening(business))]
    if taken:
        raise BlueprintError(
            f"{business} is taken: {taken[0].relative_to(root)} is there, and bin/source did not write it: "
            "choose another NAME"
        )


def _shared_out(wishes: Wishes, given: list[Given]) -> list[Wishes]:
    """Each source's part of the wishes; a name that none has stays with the first, which refuses it."""
    known = [
        {*(table.name for table in each.profile.tables), *(table.name for table in each.source.tables)}
        for each in given
    ]
    elsewhere: set[str] = set().union(*known[1:]) - known[0]
    return [wishes.of(wishes.named() - elsewhere), *(wishes.of(names) for names in known[1:])]


def _settled(console: Console, given: Given, wishes: Wishes, asks: bool) -> Settled:
    settled = settle(given.profile, wishes, given.source)
    if asks and settled.renames_to_confirm:
        wishes = ask_renames(console, settled.renames_to_confirm, wishes)
        settled = settle(given.profile, wishes, given.source)
    _show(console, given, settled)
    while asks:
        changed = ask_tables(console, settled.source, wishes)
        if changed is None:
            break
        try:
            settled, wishes = settle(given.profile, changed, given.source), changed
        except BlueprintError as error:
            console.print(Text(str(error), style="red"))
            continue
        _show(console, given, settled)
    return settled


def _show(console: Console, given: Given, settled: Settled) -> None:
    show_tables(console, settled.source, given.profile)
    for table in settled.source.tables:
        seen = next((each for each in given.profile.tables if each.name == table.name), None)
        if seen and table.mode == "cdc" and seen.mode != "cdc":
            console.print(Text(f"note: {table.name} from the log: {seen.cdc}"), soft_wrap=True)
    for remark in settled.remarks:
        console.print(Text(f"note: {remark}"), soft_wrap=True)
    for change in settled.changes:
        console.print(Text(f"changed: {change}", style="yellow"), soft_wrap=True)
    for name, absent, new in settled.renames_to_confirm:
        line = f"renamed? --rename {name}.{absent}={new} lets the models go on with {absent}"
        console.print(Text(line, style="yellow"), soft_wrap=True)


def _gold(console: Console, blueprint: Blueprint, named: list[str], asks: bool) -> tuple[str, ...]:
    """The marts of the tables that have a first gold table: those of before, and those that are named."""
    kept = [mart for mart in blueprint.gold if blueprint.find(mart.partition("_")[2])]
    if asks and not named:
        named = ask_gold(console, blueprint)
    for name in named:
        found = next(
            (pair for pair in _tables(blueprint) if name in (pair[1].name, pair[0].lake_name(pair[1]))), None
        )
        if found is None:
            known = ", ".join(table.name for _, table in _tables(blueprint))
            raise BlueprintError(f"--gold {name}: there is no such table; there are: {known}")
        lake_name = found[0].lake_name(found[1])
        if lake_name not in [mart.partition("_")[2] for mart in kept]:
            kept.append(mart_name(*found))
    return tuple(kept)


def _tables(blueprint: Blueprint) -> list[tuple[Source, Table]]:
    return [(source, table) for source in blueprint.sources for table in source.tables]


def _files(given: list[Given]) -> dict[str, str]:
    return {path: text for each in given for path, text in each.files.items()}


def _show_next(
    console: Console, made: Blueprint, blueprint: Blueprint, offered: Sequence[TableProfile], root: Path
) -> None:
    """What to type now."""
    console.print("\nNext:")
    name = blueprint.business
    if statements := statements_at_the_source(made, blueprint, offered):
        console.print("  at the source, once, as the owner of its tables, not in one transaction:")
        for statement in statements:
            console.print(Text(f"    {statement}"), soft_wrap=True)
    again = connections_to_read_again(made, blueprint)
    gold = blueprint.gold[0].partition("_")[2] if blueprint.gold else ""
    for command, why in (
        (f"bin/source check {name}", "says on one screen whether everything fits"),
        *((("bin/airbyte apply", "tells Airbyte about the changed tables"),) if again else ()),
        *((f"bin/airbyte refresh {each}", "reads again what has another type") for each in again),
        ("make night", f"takes over what is new, with {env_path(root).name}, and runs a night"),
        (
            f"bin/dashboard add-dataset gold.{gold}" if gold else f"bin/source add {name} --gold TABLE",
            "what a dashboard can show",
        ),
    ):
        console.print(Text(f"  {command:45} # {why}"), soft_wrap=True)
