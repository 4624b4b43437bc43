"""Units of time: of intervals, of parts of a moment, of distances between two."""

from dremio_engine.sql.grammar.cursor import NUMBER, TEXT, Cursor

_UNITS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")
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
    if not c.accept_one(_UNITS):
        return False
    _digits(c)
    if c.accept("TO"):
        if not c.accept_one(_UNITS):
            c.stop()
        _digits(c)
    return True


def _digits(c: Cursor) -> None:
    if c.accept("("):
        c.expect(NUMBER)
        if c.accept(","):
            c.expect(NUMBER)
        c.expect(")")
