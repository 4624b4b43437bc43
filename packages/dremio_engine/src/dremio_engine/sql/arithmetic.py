"""Arithmetic as Dremio does it: division by zero is an error, DECIMAL keeps its rules, dates stay dates.

Dremio's evaluator raises "divide by zero" for every number, doubles too, unless an operand is NULL;
only MOD of integers by zero gives the dividend (Gandiva's mod_int64_int32). DuckDB gives NULL or
infinity. The check costs a comparison; it is left out where the divisor is a literal.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sqlglot import exp

from dremio_engine.errors import Unsupported
from dremio_engine.sql.data_types.type_rules import (
    MAX_PRECISION,
    MIN_ADJUSTED_SCALE,
    WHOLE,
    Decimal,
    arithmetic_type,
    decimal_of,
    is_decimal,
)
from dremio_engine.sql.functions.signature import build, cast_to, enclosed

_ZERO = "error('divide by zero')"
# NULL divided by zero is NULL. DuckDB's integer division by zero is NULL too: then is time to look why.
_BODIES = {
    "divide": f"case when b = 0 then case when a is not null then {_ZERO} end else a / b end",
    "divide_integers": f"coalesce(a / b, case when b = 0 and a is not null then {_ZERO} end)",
    # Rounded half up, on integers that hold the result's digits.
    "divide_digits": f"case when b = 0 then case when a is not null then {_ZERO} end"
    " else (2 * a // b + sign(a) * sign(b)) // 2 end",
    # The same by two steps of long division on 64 bits, so many digits at a time: HUGEINT divides fifty
    # times more slowly.
    **{
        f"divide_{first}_{second}": f"case when b = 0 then case when a is not null then {_ZERO} end"
        f" else (cast(a // b as hugeint) * 1{'0' * first} + (a % b) * 1{'0' * first} // b) * 1{'0' * second}"
        f" + (2 * ((a % b) * 1{'0' * first} % b) * 1{'0' * second} // b + sign(a) * sign(b)) // 2 end"
        for first in range(10)
        for second in (first, first - 1)
        if second >= 0
    },
    "remainder": f"case when b = 0 then case when a is not null then {_ZERO} end else a % b end",
    "remainder_of_integers": "case when b = 0 then a else a % b end",
    "positive_remainder": f"case when b = 0 then case when a is not null then {_ZERO} end"
    # Not ((a % b) + b) % b, which leaves the type near its end.
    " when (a % b < 0) = (b < 0) or a % b = 0 then a % b else a % b + b end",
}
# A macro writes an operand as often as its body names it. One that holds a division is computed once, by a
# list of one, else nesting would double the text each time. The names are ones no column has.
_DIVIDEND, _DIVISOR = "dremio_dividend_5d1f", "dremio_divisor_5d1f"


def _once(body: str) -> str:
    named = re.sub(r"\bb\b", _DIVISOR, re.sub(r"\ba\b", _DIVIDEND, body))
    inner = f"list_transform([b], lambda {_DIVISOR}: {named})[1]"
    return f"list_transform([a], lambda {_DIVIDEND}: {inner})[1]"


MACROS = tuple(
    f"create or replace macro dremio_{name}{suffix}(a, b) as {text}"
    for name, body in _BODIES.items()
    for suffix, text in (("", body), ("_once", _once(body)))
)
MAX_NESTED = 6
_BIGINT_DIGITS = 18
# DuckDB's 18-digit DECIMAL is up to 20 times faster than a wider one, and a number that does not fit it is an
# error, never a wrong answer: a sum or a comparison is tried with it if so many digits are left before the
# point.
ROOM = 12
# Whether that was tried in vain.
_WIDE: ContextVar[bool] = ContextVar("wide decimals", default=False)
_GUARDED = ("dremio_divide", "dremio_remainder", "dremio_positive")


@contextmanager
def wide_decimals() -> Iterator[None]:
    """What is translated meanwhile has no DECIMAL of 18 digits whose values may need more."""
    before = _WIDE.set(True)
    try:
        yield
    finally:
        _WIDE.reset(before)


def operation(
    operator: str,
    left: exp.Expr,
    right: exp.Expr,
    left_type: str | None,
    right_type: str | None,
    result: str | None,
    hidden: bool = False,
) -> exp.Expr | None:
    """`left operator right`, its operands translated already; `hidden` when nobody sees its precision."""
    if operator == "/":
        return _division(left, right, left_type, right_type)
    if operator == "%":
        return _modulo(left, right, left_type, right_type)
    if result == "INTERVAL" and left_type == right_type == "DATE":
        return build("to_days(CAST({0} - {1} AS INTEGER))", [left, right])
    if result == "DATE":
        return build(f"CAST({{0}} {operator} {{1}} AS DATE)", [left, right])
    if result is not None and is_decimal(result):
        natural = _natural_scale(operator, left_type, right_type)
        kept = (decimal_of(result) or (0, 0))[1] == natural
        if hidden and kept and natural <= _BIGINT_DIGITS - ROOM and not _WIDE.get():
            return None
        return _decimal(operator, left, right, left_type, right_type, result)
    return None


def _decimal(
    operator: str, left: exp.Expr, right: exp.Expr, left_type: str | None, right_type: str | None, result: str
) -> exp.Expr | None:
    """+ - * of DECIMALs. DuckDB keeps 18 digits where both sides have no more, and fails at one more."""
    a, b = decimal_of(left_type) or (38, 0), decimal_of(right_type) or (38, 0)
    needed = a[0] + b[0] if operator == "*" else (decimal_of(result) or (38, 0))[0]
    if needed > _BIGINT_DIGITS >= max(a[0], b[0]):
        left = cast_to(left, f"DECIMAL({_BIGINT_DIGITS + 1},{a[1]})")
    elif result == _duckdb_type(operator, left_type, right_type):
        return None
    return build(f"CAST({{0}} {operator} {{1}} AS {result})", [left, right])


def _division(left: exp.Expr, right: exp.Expr, left_type: str | None, right_type: str | None) -> exp.Expr:
    result = arithmetic_type("/", left_type, right_type)
    if result is not None and is_decimal(result):
        return _decimal_quotient(left, right, decimal_of(left_type), decimal_of(right_type), result)
    if _never_zero(right):
        return exp.Div(this=enclosed(left), expression=enclosed(right))
    return _checked("divide_integers" if result in WHOLE else "divide", left, right)


def _modulo(left: exp.Expr, right: exp.Expr, left_type: str | None, right_type: str | None) -> exp.Expr:
    result = arithmetic_type("%", left_type, right_type)
    rest = _checked("remainder_of_integers" if result in WHOLE else "remainder", left, right)
    return rest if result is None else cast_to(rest, result)


def positive_remainder(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """PMOD: the remainder with the divisor's sign; zero as divisor is an error."""
    return _checked("positive_remainder", left, right)


def _checked(name: str, left: exp.Expr, right: exp.Expr) -> exp.Expr:
    nested = _divisions(left) + _divisions(right)
    # DuckDB has no queries inside the functions of lists.
    queries = left.find(exp.Query) or right.find(exp.Query)
    if queries and nested > MAX_NESTED:
        raise Unsupported(f"More than {MAX_NESTED} divisions inside one another, with a query among them.")
    once = "_once" if nested and not queries else ""
    return exp.Anonymous(this=f"dremio_{name}{once}", expressions=[left, right])


def _decimal_quotient(
    left: exp.Expr, right: exp.Expr, left_size: Decimal | None, right_size: Decimal | None, result: str
) -> exp.Expr:
    """Exact division of DECIMALs: both as integers, shifted so that the quotient has the result's scale."""
    precision, scale = decimal_of(result) or (0, 0)
    (p1, s1), (p2, s2) = left_size or (0, 0), right_size or (0, 0)
    shift = scale + s2 - s1
    digits = max(p1 + max(shift, 0), p2 + max(-shift, 0), p1 + s1, p2 + s2)
    whole = "BIGINT" if digits < _BIGINT_DIGITS else "HUGEINT"
    first, second = (shift + 1) // 2, shift // 2
    if shift >= 0 and first < 10 and p1 <= _BIGINT_DIGITS and p2 + first < _BIGINT_DIGITS:
        sides = _unscaled(left, (p1, s1), 0, "BIGINT"), _unscaled(right, (p2, s2), 0, "BIGINT")
        return _scaled(_checked(f"divide_{first}_{second}", *sides), precision, scale, result)
    quotient = _checked(
        "divide_digits",
        _unscaled(left, (p1, s1), shift, whole),
        _unscaled(right, (p2, s2), -shift, whole),
    )
    return _scaled(quotient, precision, scale, result)


def _scaled(digits: exp.Expr, precision: int, scale: int, result: str) -> exp.Expr:
    """A DECIMAL from its digits."""
    unit = f"CAST('0.{'0' * (scale - 1)}1' AS DECIMAL({scale}, {scale}))"
    return build(f"CAST(CAST({{0}} AS DECIMAL({min(precision, 38)}, 0)) * {unit} AS {result})", [digits])


def _unscaled(node: exp.Expr, size: Decimal, shift: int, whole: str) -> exp.Expr:
    """The digits of a DECIMAL as an integer, with zeros added behind."""
    precision, scale = size
    if scale and precision <= _BIGINT_DIGITS < precision + scale + 1:
        node = cast_to(node, f"DECIMAL({_BIGINT_DIGITS + 1},{scale})")
    if precision + scale > MAX_PRECISION and scale > MIN_ADJUSTED_SCALE:
        # No room for the power of ten beside the digits: they are taken from the text.
        text = "replace(CAST({0} AS VARCHAR), '.', '')"
    else:
        text = f"{{0}} * CAST(1{'0' * scale} AS DECIMAL({scale + 1}, 0))" if scale else "{0}"
    zeros = f" * CAST(1{'0' * shift} AS {whole})" if shift > 0 else ""
    return build(f"CAST({text} AS {whole}){zeros}", [node])


def _natural_scale(operator: str, left: str | None, right: str | None) -> int:
    a, b = decimal_of(left) or (0, 0), decimal_of(right) or (0, 0)
    return a[1] + b[1] if operator == "*" else max(a[1], b[1])


def is_hidden(node: exp.Expr) -> bool:
    """Whether a number goes on into a SUM or a comparison, so that the digits of its type show nowhere."""
    parent = node.parent
    while isinstance(parent, exp.Paren | exp.Add | exp.Sub | exp.Mul | exp.Neg):
        parent = parent.parent
    if isinstance(parent, exp.Anonymous):
        return parent.name.upper() == "SUM"
    return isinstance(parent, exp.GT | exp.GTE | exp.LT | exp.LTE | exp.EQ | exp.NEQ | exp.Between)


def _duckdb_type(operator: str, left: str | None, right: str | None) -> str | None:
    """What DuckDB makes of + - * on DECIMALs: the same digits, one less for products, no scale given up."""
    a, b = decimal_of(left), decimal_of(right)
    if a is None or b is None:
        return None
    if operator == "*":
        return f"DECIMAL({min(a[0] + b[0], 38)},{a[1] + b[1]})"
    scale = max(a[1], b[1])
    return f"DECIMAL({min(max(a[0] - a[1], b[0] - b[1]) + scale + 1, 38)},{scale})"


def _never_zero(node: exp.Expr) -> bool:
    """A literal other than zero, also behind a sign, in brackets or cast."""
    while isinstance(node, exp.Paren | exp.Neg | exp.Cast):
        node = node.this
    return isinstance(node, exp.Literal) and not node.is_string and float(node.name) != 0


def _divisions(node: exp.Expr) -> int:
    return sum(inner.name.lower().startswith(_GUARDED) for inner in node.find_all(exp.Anonymous))
