"""Which type an operation gives, in DuckDB's names of types.

DECIMAL follows the rules of Gandiva, Dremio's evaluator (arrow: gandiva/decimal_type_util.h, used by
Dremio's RelDataTypeSystemImpl): a result of more than 38 digits gives up scale, but not below 6.
SUM and AVG are Dremio's deriveSumType and deriveAvgAggType: BIGINT, DOUBLE or DECIMAL(38, s), and DOUBLE.
"""

from collections.abc import Callable, Sequence

MAX_PRECISION = 38
MIN_ADJUSTED_SCALE = 6

Decimal = tuple[int, int]
# An integer beside a DECIMAL counts as one of so many digits.
INTEGER_DIGITS = {"TINYINT": 3, "SMALLINT": 5, "INTEGER": 10, "BIGINT": 19}
WHOLE = frozenset(INTEGER_DIGITS)
FLOATING = frozenset(["FLOAT", "DOUBLE"])
NULL = '"NULL"'


def decimal_of(name: str | None) -> Decimal | None:
    """(precision, scale) of a DECIMAL or integer type."""
    if name is None:
        return None
    if is_decimal(name):
        precision, scale = name[8:-1].split(",")
        return int(precision), int(scale)
    digits = INTEGER_DIGITS.get(name)
    return (digits, 0) if digits else None


def is_decimal(name: str | None) -> bool:
    """A DECIMAL type, whatever its precision."""
    return name is not None and name.startswith("DECIMAL(") and name.endswith(")")


def decimal_name(precision: int, scale: int) -> str:
    """DECIMAL(p,s) as DuckDB writes it, with scale given up where 38 digits are too few."""
    if precision > MAX_PRECISION:
        least = min(scale, MIN_ADJUSTED_SCALE)
        scale = max(scale - (precision - MAX_PRECISION), least)
        precision = MAX_PRECISION
    return f"DECIMAL({precision},{scale})"


def _add(a: Decimal, b: Decimal) -> Decimal:
    scale = max(a[1], b[1])
    return max(a[0] - a[1], b[0] - b[1]) + scale + 1, scale


def _multiply(a: Decimal, b: Decimal) -> Decimal:
    return a[0] + b[0] + 1, a[1] + b[1]


def _divide(a: Decimal, b: Decimal) -> Decimal:
    scale = max(MIN_ADJUSTED_SCALE, a[1] + b[0] + 1)
    return a[0] - a[1] + b[1] + scale, scale


def _modulo(a: Decimal, b: Decimal) -> Decimal:
    scale = max(a[1], b[1])
    return min(a[0] - a[1], b[0] - b[1]) + scale, scale


_DECIMAL_RULES: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": _add,
    "-": _add,
    "*": _multiply,
    "/": _divide,
    "%": _modulo,
}


def arithmetic_type(operator: str, left: str | None, right: str | None) -> str | None:
    """The type of `left operator right` for numbers; nothing when one of them is not known to be one."""
    if left is None or right is None:
        return None
    if left in FLOATING or right in FLOATING:
        numbers = all(t in FLOATING or decimal_of(t) for t in (left, right))
        return "DOUBLE" if numbers else None
    a, b = decimal_of(left), decimal_of(right)
    if a is None or b is None:
        return None
    if not is_decimal(left) and not is_decimal(right):
        # Calcite's MOD has the type of the divisor.
        return right if operator == "%" else max(left, right, key=INTEGER_DIGITS.__getitem__)
    return decimal_name(*_DECIMAL_RULES[operator](a, b))


def sum_type(types: Sequence[str | None]) -> str | None:
    """The type of SUM."""
    name = types[0] if types else None
    if name in WHOLE or name == "HUGEINT":
        return "BIGINT"
    if name in FLOATING:
        return "DOUBLE"
    decimal = decimal_of(name)
    return f"DECIMAL({MAX_PRECISION},{decimal[1]})" if decimal else None


def whole_type(types: Sequence[str | None]) -> str | None:
    """The type of CEIL and FLOOR: the argument's own, of a DECIMAL without its scale."""
    return rounded_type(types[0] if types else None, 0)


def rounded_type(name: str | None, digits: int | None) -> str | None:
    """The type of ROUND and TRUNCATE to so many digits (None: not a literal)."""
    if name in WHOLE or name in FLOATING:
        return name
    decimal = decimal_of(name)
    if decimal is None or digits is None:
        return None
    return f"DECIMAL({decimal[0]},{min(max(digits, 0), decimal[1])})"


def common_type(types: Sequence[str | None]) -> str | None:
    """The type that holds values of all these: of COALESCE, CASE, UNION."""
    known = [t for t in types if t != NULL]
    if not known or any(t is None for t in known):
        return None
    names = {t for t in known if t is not None}
    if len(names) == 1:
        return names.pop()
    if names <= {"DATE", "TIMESTAMP"}:
        return "TIMESTAMP"
    decimals = [decimal_of(t) for t in names]
    if names & FLOATING:
        return "DOUBLE" if all(d or t in FLOATING for d, t in zip(decimals, names, strict=True)) else None
    if any(d is None for d in decimals):
        return None
    if names <= WHOLE:
        return max(names, key=INTEGER_DIGITS.__getitem__)
    scale = max(d[1] for d in decimals if d)
    whole = max(d[0] - d[1] for d in decimals if d)
    return f"DECIMAL({min(whole + scale, MAX_PRECISION)},{scale})"
