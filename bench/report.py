"""Figures as tables: on the terminal, and in docs/benchmarks.md between each bench's own marks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table as RichTable

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"


@dataclass
class Table:
    """Figures of one bench; `notes` say what a reader must know to read them."""

    title: str
    header: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *cells: object) -> None:
        """One row; as many cells as the header has."""
        if len(cells) != len(self.header):
            raise ValueError(f"{self.title}: {len(cells)} cells for {len(self.header)} columns")
        self.rows.append(tuple(str(cell) for cell in cells))

    def show(self) -> None:
        """Print it."""
        shown = RichTable(*self.header, title=self.title, box=box.SIMPLE_HEAD, title_justify="left")
        for row in self.rows:
            shown.add_row(*row)
        console = Console(width=150)
        console.print(shown)
        for note in self.notes:
            console.print(f"  {note}", highlight=False, markup=False)

    def markdown(self) -> str:
        """The same for the page."""
        lines = [f"**{self.title}**", ""]
        lines.append("| " + " | ".join(self.header) + " |")
        lines.append("|" + "---|" * len(self.header))
        lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in self.rows]
        lines += ["", *(f"- {note}" for note in self.notes)]
        return "\n".join(lines).rstrip() + "\n"


def milliseconds(seconds: float) -> str:
    """With as many digits as mean something."""
    value = seconds * 1000
    return f"{value:,.2f} ms" if value < 10 else f"{value:,.0f} ms"


def count(rows: int) -> str:
    """1,000,000 -> 1M."""
    for unit, sign in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if rows >= unit:
            return f"{rows / unit:g}{sign}"
    return str(rows)


def verdict(reached: bool) -> str:
    """The last column's word."""
    return "reached" if reached else "missed"


def write(bench: str, heading: str, tables: list[Table]) -> None:
    """Put a bench's tables between its marks in docs/benchmarks.md. Raises ValueError without the marks."""
    text = PAGE.read_text(encoding="utf-8")
    begin, end = f"<!-- figures of {bench}: begin -->", f"<!-- figures of {bench}: end -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"{PAGE.name} has no place for the figures of {bench}: {begin}")
    body = "\n".join([heading, "", *(table.markdown() for table in tables)])
    PAGE.write_text(pattern.sub(lambda _: f"{begin}\n{body}\n{end}", text), encoding="utf-8")
