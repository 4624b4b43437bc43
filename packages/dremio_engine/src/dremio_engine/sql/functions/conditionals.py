"""Choices between values. Source: docs.dremio.com, SQL functions, Conditional and Boolean."""

from collections.abc import Sequence

from sqlglot import exp

from dremio_engine.sql.data_types.type_rules import common_type
from dremio_engine.sql.functions.signature import Arguments, Function, f, first, ruled, wrong_number


def _second(types: Sequence[str | None]) -> str | None:
    return common_type(types[1:])


def _decode(a: Arguments) -> exp.Expr:
    """DECODE(value, search, result, .., default): NULL equals NULL."""
    if len(a) < 3:
        raise wrong_number("DECODE")
    pairs, default = a[1:], None
    if len(pairs) % 2:
        default = pairs.pop()
    branches = [
        exp.If(this=exp.NullSafeEQ(this=a[0].copy(), expression=search), true=result)
        for search, result in zip(pairs[::2], pairs[1::2], strict=True)
    ]
    return exp.Case(ifs=branches, default=default)


def _chosen(types: Sequence[str | None]) -> str | None:
    pairs = list(types[1:])
    default = [pairs.pop()] if len(pairs) % 2 else []
    return common_type(pairs[1::2] + default)


CONDITIONALS: dict[str, Function] = {
    "COALESCE": f(common_type, "coalesce({*})"),
    "DECODE": ruled(_chosen, _decode),
    "GREATEST": f(common_type, "greatest({*})"),
    "IFNULL": f(common_type, "coalesce({0}, {1})"),
    "IIF": f(_second, "CASE WHEN {0} THEN {1} ELSE {2} END"),
    "ISFALSE": f("BOOLEAN", "({0} IS FALSE)"),
    "ISNOTFALSE": f("BOOLEAN", "({0} IS NOT FALSE)"),
    "ISNOTNULL": f("BOOLEAN", "({0} IS NOT NULL)"),
    "ISNOTTRUE": f("BOOLEAN", "({0} IS NOT TRUE)"),
    "ISNULL": f("BOOLEAN", "({0} IS NULL)"),
    "ISTRUE": f("BOOLEAN", "({0} IS TRUE)"),
    "LEAST": f(common_type, "least({*})"),
    "NULLIF": f(first, "nullif({0}, {1})"),
    "NULLIFZERO": f(first, "nullif({0}, 0)"),
    "NVL": f(common_type, "coalesce({0}, {1})"),
    "NVL2": f(_second, "CASE WHEN {0} IS NOT NULL THEN {1} ELSE {2} END"),
    "ZEROIFNULL": f(first, "coalesce({0}, 0)"),
}
