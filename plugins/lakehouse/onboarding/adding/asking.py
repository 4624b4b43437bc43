"""What `bin/source add` asks on a terminal. With --yes, or without a terminal, nothing is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rich.console import Console
from rich.prompt import Confirm, Prompt
from rich.text import Text

from lakehouse.onboarding.adding.choices import MODES, Wishes
from lakehouse.onboarding.writing.blueprint import Blueprint, Source


def ask_renames(console: Console, pairs: Sequence[tuple[str, str, str]], wishes: Wishes) -> Wishes:
    """Which of the columns that look renamed are: those are added to the wishes."""
    renames = dict(wishes.renames)
    for table, absent, new in pairs:
        question = f"{table}: {absent} is absent and {new} is new. Is it the same column?"
        if Confirm.ask(question, console=console, default=True):
            renames[table, absent] = new
    return replace(wishes, renames=renames)


def ask_tables(console: Console, source: Source, wishes: Wishes) -> Wishes | None:
    """Another mode, key or cursor of one table; None when nothing is to be changed."""
    tables = {name: table for table in source.tables for name in (table.name, source.lake_name(table))}
    table = None
    while table is None:
        word = Prompt.ask(
            "Table to read in another way (Enter: none)", console=console, default="", show_default=False
        ).strip()
        if not word:
            return None
        table = tables.get(word)
        if table is None:
            names = ", ".join(each.name for each in source.tables)
            console.print(Text(f"there is no table {word}; there are: {names}"))
    name = table.name
    mode = Prompt.ask("  mode", console=console, choices=list(MODES), default=table.mode)
    key = Prompt.ask("  key (columns, separated by commas)", console=console, default=",".join(table.key))
    cursors = dict(wishes.cursors)
    cursors.pop(name, None)
    if mode == "incremental":
        cursor = Prompt.ask("  cursor", console=console, default=table.cursor or "")
        cursors |= {name: cursor} if cursor else {}
    keys = {**wishes.keys, name: tuple(word.strip() for word in key.split(",") if word.strip())}
    return replace(wishes, modes={**wishes.modes, name: mode}, keys=keys, cursors=cursors)


def ask_gold(console: Console, blueprint: Blueprint) -> list[str]:
    """Tables that get a first gold table."""
    tables = [(source, table) for source in blueprint.sources for table in source.tables]
    names = [source.lake_name(table) for source, table in tables]
    known = {*names, *(table.name for _, table in tables)}
    console.print(f"Staging models: {', '.join(names)}")
    while True:
        chosen = Prompt.ask(
            "First gold tables of (separated by commas, Enter: none)",
            console=console,
            default="",
            show_default=False,
        )
        words = [word for each in chosen.split(",") if (word := each.strip())]
        unknown = [word for word in words if word not in known]
        if not unknown:
            return words
        console.print(Text(f"there is no table {', '.join(unknown)}"))


def confirmed(console: Console, question: str) -> bool:
    """Yes, or no, which is the default."""
    return Confirm.ask(question, console=console, default=False)
