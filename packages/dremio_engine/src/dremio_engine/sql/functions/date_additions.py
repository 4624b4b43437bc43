"""ADD_DAYS, ADD_MONTHS and their sisters: a number of units added to a date or a moment, in either order.

Not in Dremio's reference; the signatures are those of its function registry (dremio-oss, services/functions).
"""

from collections.abc import Sequence

from sqlglot import exp

from dremio_engine.sql.functions.signature import Arguments, Function, Rule, build, expect, ruled

# Whole days leave a DATE a DATE, and a text is a date, as for DATE_ADD; shorter units want a moment.
_CALENDAR = {
    "YEARS": "1 year",
    "QUARTERS": "3 months",
    "MONTHS": "1 month",
    "WEEKS": "7 days",
    "DAYS": "1 day",
}
_CLOCK = {
    "HOURS": "1 hour",
    "MINUTES": "1 minute",
    "SECONDS": "1 second",
    "MICROSECONDS": "1 microsecond",
}
_NUMBERS = ("integer", "bigint")


def _either_order(moment: str, body: str) -> list[str]:
    return [
        f"({first}, {second}, u interval) as {body}"
        for number in _NUMBERS
        for first, second in ((f"d {moment}", f"n {number}"), (f"n {number}", f"d {moment}"))
    ]


_ON_DATES = [
    *_either_order("date", "cast(d + u * n as date)"),
    *_either_order("timestamp", "d + u * n"),
    *_either_order("varchar", "cast(cast(cast(d as timestamp) as date) + u * n as date)"),
]
_ON_MOMENTS = [
    *_either_order("date", "cast(d as timestamp) + u * n"),
    *_either_order("timestamp", "d + u * n"),
    *_either_order("varchar", "cast(d as timestamp) + u * n"),
]
MACROS = (
    f"create or replace macro dremio_add_units {', '.join(_ON_DATES)}",
    f"create or replace macro dremio_add_clock_units {', '.join(_ON_MOMENTS)}",
)


def _of_dates(types: Sequence[str | None]) -> str | None:
    known = [kind for kind in types if kind in ("DATE", "TIMESTAMP", "VARCHAR")]
    return None if not known else "TIMESTAMP" if known[0] == "TIMESTAMP" else "DATE"


def _addition(name: str, macro: str, unit: str) -> Rule:
    def rule(a: Arguments) -> exp.Expr:
        expect(name, a, 2)
        return build(f"{macro}({{0}}, {{1}}, INTERVAL '{unit}')", a)

    return rule


DATE_ADDITIONS: dict[str, Function] = {
    **{
        f"ADD_{units}": ruled(_of_dates, _addition(f"ADD_{units}", "dremio_add_units", unit))
        for units, unit in _CALENDAR.items()
    },
    **{
        f"ADD_{units}": ruled("TIMESTAMP", _addition(f"ADD_{units}", "dremio_add_clock_units", unit))
        for units, unit in _CLOCK.items()
    },
}
