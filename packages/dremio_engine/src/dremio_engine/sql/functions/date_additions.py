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
        f"({first}, {second}) as {body}"
        for number in _NUMBERS
        for first, second in ((f"d {moment}", f"n {number}"), (f"n {number}", f"d {moment}"))
    ]


def _on_dates(unit: str) -> list[str]:
    step = f"interval '{unit}' * n"
    return [
        *_either_order("date", f"cast(d + {step} as date)"),
        *_either_order("timestamp", f"d + {step}"),
        *_either_order("varchar", f"cast(cast(cast(d as timestamp) as date) + {step} as date)"),
    ]


def _on_moments(unit: str) -> list[str]:
    step = f"interval '{unit}' * n"
    return [
        *_either_order("date", f"cast(d as timestamp) + {step}"),
        *_either_order("timestamp", f"d + {step}"),
        *_either_order("varchar", f"cast(d as timestamp) + {step}"),
    ]


# Their names are those of the functions, for DuckDB's errors name them.
MACROS = tuple(
    f"create or replace macro dremio_add_{units.lower()} {', '.join(bodies(unit))}"
    for family, bodies in ((_CALENDAR, _on_dates), (_CLOCK, _on_moments))
    for units, unit in family.items()
)


def _of_dates(types: Sequence[str | None]) -> str | None:
    known = [kind for kind in types if kind in ("DATE", "TIMESTAMP", "VARCHAR")]
    return None if not known else "TIMESTAMP" if known[0] == "TIMESTAMP" else "DATE"


def _addition(name: str) -> Rule:
    def rule(a: Arguments) -> exp.Expr:
        expect(name, a, 2)
        return build(f"dremio_{name.lower()}({{0}}, {{1}})", a)

    return rule


DATE_ADDITIONS: dict[str, Function] = {
    **{f"ADD_{units}": ruled(_of_dates, _addition(f"ADD_{units}")) for units in _CALENDAR},
    **{f"ADD_{units}": ruled("TIMESTAMP", _addition(f"ADD_{units}")) for units in _CLOCK},
}
