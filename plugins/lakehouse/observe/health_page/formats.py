"""How the page writes times, durations, sizes and counts. All times are UTC."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

NOTHING: Final = "\N{EN DASH}"
"""What stands where there is no value."""

_BYTES: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def clock(at: datetime | str | None, night: date | None = None) -> str:
    """`04:21`, or `2026-11-29 04:21` if that is not the given day."""
    if at is None:
        return NOTHING
    moment = _moment(at)
    return f"{moment:%H:%M}" if moment.date() == night else f"{moment:%Y-%m-%d %H:%M}"


def duration(seconds: float | timedelta | None) -> str:
    """`0.4 s`, `12 s`, `4 min 10 s`, `3 h 5 min`, `2 d 4 h`."""
    if seconds is None:
        return NOTHING
    total = seconds.total_seconds() if isinstance(seconds, timedelta) else float(seconds)
    sign, total = ("-", -total) if total < 0 else ("", total)
    if total < 9.95:
        return f"{sign}{total:.1f} s"
    whole = round(total)
    if whole < 60:
        return f"{sign}{whole} s"
    if whole < 3600:
        return f"{sign}{_two(whole // 60, 'min', whole % 60, 's')}"
    minutes = round(total / 60)
    if minutes < 48 * 60:
        return f"{sign}{_two(minutes // 60, 'h', minutes % 60, 'min')}"
    hours = round(total / 3600)
    return f"{sign}{_two(hours // 24, 'd', hours % 24, 'h')}"


def milliseconds(value: float | None) -> str:
    """`120 ms`, `1.24 s`."""
    if value is None:
        return NOTHING
    return f"{value:.0f} ms" if value < 999.5 else f"{value / 1000:.2f} s"


def ago(at: datetime | str | None, now: datetime) -> str:
    """`5 min ago`, in one unit; `in 5 min` for what is to come."""
    if at is None:
        return NOTHING
    seconds = (now - _moment(at)).total_seconds()
    size = abs(seconds)
    if size < 60:
        return "just now"
    for unit, length in (("d", 172_800), ("h", 7_200), ("min", 0)):
        if size >= length:
            count = int(size // {"d": 86_400, "h": 3_600, "min": 60}[unit])
            return f"{count} {unit} ago" if seconds > 0 else f"in {count} {unit}"
    return NOTHING


def size(count: float | None) -> str:
    """`31 B`, `4.2 MiB`; a negative one keeps its sign."""
    if count is None:
        return NOTHING
    sign, value = ("-", -float(count)) if count < 0 else ("", float(count))
    for unit in _BYTES:
        if value < 1023.5 or unit == _BYTES[-1]:
            digits = 0 if unit == "B" or value >= 99.95 else 1
            return f"{sign}{value:.{digits}f} {unit}"
        value /= 1024
    return NOTHING


def whole(count: float | None) -> str:
    """`12,345`."""
    return NOTHING if count is None else f"{count:,.0f}"


def percent(share: float | None) -> str:
    """`98 %`; never 100 % for a little less, never 0 % for a little more."""
    if share is None:
        return NOTHING
    value = share * 100
    if 99 < value < 100 or 0 < value < 1:
        return f"{value:.1f} %" if 0.05 <= value <= 99.95 else ("< 0.1 %" if value < 1 else "> 99.9 %")
    return f"{value:.0f} %"


def plain(value: Any) -> Any:
    """`value` as JSON can hold it: dates in ISO 8601, durations in seconds, data classes as objects."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    fields = getattr(value, "__dataclass_fields__", None)
    if fields is not None:
        return {name: plain(getattr(value, name)) for name in fields}
    if value is None or isinstance(value, bool | int | str):
        return value
    return float(value)


FILTERS: Final[dict[str, Callable[..., str]]] = {
    "clock": clock,
    "duration": duration,
    "milliseconds": milliseconds,
    "ago": ago,
    "size": size,
    "whole": whole,
    "percent": percent,
}


def _moment(at: datetime | str) -> datetime:
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return moment.astimezone(UTC)


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large} {large_unit}" + (f" {small} {small_unit}" if small else "")
