"""Literals of time, and units: of intervals, of parts of a moment, of distances between two."""

import re
from collections.abc import Callable
from datetime import date, time

from dremio_engine.sql.grammar.cursor import NUMBER, TEXT, Cursor

# Each unit of an interval, with those that may follow its TO.
_UNITS = {
    "YEAR": ("MONTH",),
    "MONTH": (),
    "DAY": ("HOUR", "MINUTE", "SECOND"),
    "HOUR": ("MINUTE", "SECOND"),
    "MINUTE": ("SECOND",),
    "SECOND": (),
}
_DATE = re.compile(r" *(\d{1,4})-(\d{1,2})-(\d{1,2})")
_TIME = re.compile(r" *(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.\d*)?")
PARTS = frozenset(
    [
        *("NANOSECOND", "MICROSECOND", "MILLISECOND", "SECOND", "MINUTE", "HOUR", "DAY", "DOW", "DOY"),
        *("ISODOW", "ISOYEAR", "WEEK", "MONTH", "QUARTER", "YEAR", "EPOCH", "DECADE", "CENTURY"),
        "MILLENNIUM",
    ]
)
_STEPS = ("SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "FRAC_SECOND", "MICROSECOND")
STEPS = frozenset([*_STEPS, "NANOSECOND", *(f"SQL_TSI_{step}" for step in _STEPS)])


def interval(c: Cursor) -> None:
    """INTERVAL '1' DAY."""
    c.expect("INTERVAL")
    c.accept_one(("+", "-"))
    c.expect(TEXT)
    if not interval_qualifier(c):
        c.stop("an interval ends with YEAR, MONTH, DAY, HOUR, MINUTE or SECOND")


def interval_qualifier(c: Cursor) -> bool:
    """DAY, DAY(3), DAY TO SECOND: whether it came next."""
    last = _UNITS.get(c.word)
    if last is None:
        return False
    c.next()
    _digits(c)
    if c.accept("TO"):
        if not c.accept_one(last):
            c.stop()
        _digits(c)
    return True


def moment(c: Cursor, kind: str) -> None:
    """The text of a DATE '2025-10-16', TIME '10:00:00' or TIMESTAMP '2025-10-16 10:00:00.000'."""
    if c.word != TEXT:
        c.stop()
    if not _is_moment(kind, c.written[1:-1]):
        c.stop(f"this is not a {kind.lower()} of the form {_FORMS[kind]}")
    c.next()


def _is_moment(kind: str, text: str) -> bool:
    if kind == "DATE":
        return _is(_DATE, date, text)
    if kind == "TIME":
        return _is(_TIME, time, text)
    day, _, hour = text.lstrip(" ").partition(" ")
    return _is(_DATE, date, day) and (not hour or _is(_TIME, time, hour))


def _is(form: re.Pattern[str], kind: Callable[[int, int, int], object], text: str) -> bool:
    found = form.fullmatch(text)
    if found is None:
        return False
    try:
        kind(*(int(part) for part in found.groups()))
    except ValueError:
        return False
    return True


_FORMS = {
    "DATE": "YYYY-MM-DD",
    "TIME": "HH:MI:SS",
    "TIMESTAMP": "YYYY-MM-DD HH:MI:SS.FFF, without a zone",
}


def _digits(c: Cursor) -> None:
    if c.accept("("):
        c.expect(NUMBER)
        if c.accept(","):
            c.expect(NUMBER)
        c.expect(")")
