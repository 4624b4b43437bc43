"""What a run would do, shown before it does it: how tables will be read, and the files line by line."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid
from rich.text import Text

from lakehouse.onboarding.profiling.profile import SourceProfile
from lakehouse.onboarding.writing.blueprint import Source
from lakehouse.onboarding.writing.env_file import without_values
from lakehouse.onboarding.writing.plan import FileChange

MOST_LINES = 200
"""Of new files, before they are only named."""


def show_tables(console: Console, source: Source, profile: SourceProfile) -> None:
    """One line per table: its name in the lake, and how it is read."""
    grid = Grid(
        title=f"{source.kind}: {_number(len(source.tables), 'table')}", title_justify="left", box=SIMPLE
    )
    for heading in ("stream", "mode", "key", "cursor", "rows", "why"):
        grid.add_column(heading, justify="right" if heading == "rows" else "left", overflow="fold")
    offered = {table.name: table for table in profile.tables}
    for table in source.tables:
        seen = offered.get(table.name)
        rows = "" if seen is None or seen.rows is None else f"{'~' if seen.estimated else ''}{seen.rows:,}"
        chosen_so = seen is not None and (seen.mode, seen.key, seen.cursor) == (
            table.mode,
            table.key,
            table.cursor,
        )
        why = (
            seen.why if seen is not None and chosen_so else "as you chose" if seen else "absent at the source"
        )
        cells = (source.lake_name(table), table.mode, ", ".join(table.key), table.cursor or "", rows, why)
        grid.add_row(*map(escape, cells))
    console.print(grid)


def show_files(console: Console, changes: Sequence[FileChange], in_full: bool) -> None:
    """Every change of every file; many new files are only named, unless `in_full`."""
    new = [
        change
        for change in changes
        if change.before is None and not (change.is_private or change.is_generated)
    ]
    lines = sum(len((change.after or "").splitlines()) for change in new)
    only_named = not in_full and lines > MOST_LINES
    for change in changes:
        if only_named and change in new:
            continue
        if change.is_generated:
            console.print(Text(f"{change.path}: made again from the files above"), soft_wrap=True)
            continue
        for line in diff_lines(change):
            console.print(Text(line, style=_style(line)), soft_wrap=True)
    if only_named:
        console.print(f"{len(new)} new files, {lines} lines (--dry-run shows them):")
        for change in new:
            console.print(Text(f"  + {change.path}", style="green"), soft_wrap=True)


def diff_lines(change: FileChange) -> Iterator[str]:
    """A unified diff. Of a file with secrets no value is shown, only which lines change."""
    before, after = change.before or "", change.after or ""
    if change.is_private:
        before, after = _marked(before, after)
    yield from difflib.unified_diff(
        before.splitlines(),
        after.splitlines(),
        fromfile=change.path if change.before is not None else "/dev/null",
        tofile=change.path if change.after is not None else "/dev/null",
        lineterm="",
    )


def show_conflicts(console: Console, changes: Sequence[FileChange]) -> None:
    """The files that a person and the source have changed in the same lines, with both."""
    for change in changes:
        if change.conflict:
            console.print(
                Text(f"{change.path}: edited by hand where the source has changed", style="bold red")
            )
            console.print(Text(change.conflict), soft_wrap=True)


def counted(changes: Sequence[FileChange]) -> str:
    """`12 files: 10 new, 2 changed`."""
    kinds: Mapping[str, int] = {
        "new": sum(change.before is None for change in changes),
        "changed": sum(change.before is not None and change.after is not None for change in changes),
        "deleted": sum(change.after is None for change in changes),
    }
    parts = ", ".join(f"{number} {kind}" for kind, number in kinds.items() if number)
    return f"{_number(len(changes), 'file')}: {parts}"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun if count == 1 else noun + 's'}"


def _marked(before: str, after: str) -> tuple[str, str]:
    """Both texts without values; a line whose value changes still differs."""
    held = set(before.splitlines())
    hidden_before = "\n".join(without_values(line) for line in before.splitlines())
    hidden_after = "\n".join(
        without_values(line) + ("" if line in held or line.startswith("#") else "  (new value)")
        for line in after.splitlines()
    )
    return hidden_before, hidden_after


def _style(line: str) -> str:
    if line.startswith(("---", "+++")):
        return "bold"
    return {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
