"""The night on the screen: a live table on a terminal, else one line per change of a stage."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import Final

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from lakehouse.night_run.follow import Progress
from lakehouse.night_run.receipts_read import NightReceipt

STYLES: Final = {
    "waiting": "dim",
    "blocked": "dim",
    "queued": "cyan",
    "running": "bold cyan",
    "retrying": "yellow",
    "success": "green",
    "failed": "bold red",
}
REFRESHES_PER_SECOND: Final = 2


class NightDisplay:
    """Shows the stages every time it is told to; a context manager."""

    def __init__(self, console: Console, receipt: NightReceipt) -> None:
        self._console = console
        self._receipt = receipt
        self._shown: dict[str, tuple[str, str]] = {}
        self._live: Live | None = None

    def __enter__(self) -> NightDisplay:
        if self._console.is_terminal:
            self._live = Live(console=self._console, refresh_per_second=REFRESHES_PER_SECOND)
            self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.__exit__(kind, error, trace)

    def show(self, stages: Iterable[Progress]) -> None:
        """Show the stages as they are now."""
        if self._live is not None:
            self._live.update(self._table(stages))
            return
        for each in stages:
            if self._shown.get(each.stage.name, ("waiting", "")) != (each.state, each.note):
                self._shown[each.stage.name] = (each.state, each.note)
                self._console.print(self._line(each), markup=False, highlight=False, soft_wrap=True)

    def _table(self, stages: Iterable[Progress]) -> Table:
        table = Table(title=None, header_style="bold", pad_edge=False)
        for heading, justify in (
            ("stage", "left"),
            ("planned", "left"),
            ("started", "left"),
            ("seconds", "right"),
            ("rows", "right"),
            ("state", "left"),
        ):
            table.add_column(heading, justify=justify)  # type: ignore[arg-type]
        for each in stages:
            style = STYLES[each.state]
            table.add_row(
                Text(each.stage.name, style=style),
                _planned(each),
                _started(each),
                _seconds(each),
                self._rows(each),
                Text(f"{each.state} {each.note}".strip(), style=style),
            )
        return table

    def _line(self, each: Progress) -> str:
        parts = [f"{datetime.now(UTC):%H:%M:%S}", f"{each.stage.name:<22}", f"planned {_planned(each)}"]
        parts.append(f"{each.state:<8}")
        if each.run is not None and each.run.has_ended:
            parts.append(f"{_seconds(each)} s")
            if rows := self._rows(each):
                parts.append(f"{rows} rows")
        if each.note:
            parts.append(each.note)
        return "  ".join(parts)

    def _rows(self, each: Progress) -> str:
        rows = self._receipt.stage(each.stage.name, each.run.run_id if each.run else None).get("rows_out")
        return f"{rows:,}" if rows else ""


def _planned(each: Progress) -> str:
    return f"{each.stage.start:%H:%M} +{each.stage.minutes}m"


def _started(each: Progress) -> str:
    started = each.run.started_at if each.run else None
    return f"{started:%H:%M:%S}" if started else ""


def _seconds(each: Progress) -> str:
    return "" if each.seconds is None else f"{each.seconds:.1f}"
