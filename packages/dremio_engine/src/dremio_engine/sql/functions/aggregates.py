"""Aggregate and window functions. Source: docs.dremio.com, SQL functions, Aggregate, Percentile, Window."""

from sqlglot import exp

from dremio_engine.sql.data_types.type_rules import sum_type
from dremio_engine.sql.functions.signature import (
    Arguments,
    Function,
    ResultRule,
    build,
    expect,
    f,
    first,
    ruled,
    unknown,
)

_STATISTICS = "CORR COVAR_POP COVAR_SAMP"
_SPREAD = "MEDIAN STDDEV STDDEV_POP STDDEV_SAMP VAR_POP VAR_SAMP"
_RANKS = {
    "CUME_DIST": "DOUBLE",
    "DENSE_RANK": "BIGINT",
    "PERCENT_RANK": "DOUBLE",
    "RANK": "BIGINT",
    "ROW_NUMBER": "BIGINT",
}


def _aggregate(result: str | ResultRule, *templates: str) -> Function:
    return f(result, *templates, aggregate=True)


def _offsets(name: str) -> tuple[str, ...]:
    return f"{name}({{0}})", f"{name}({{0}}, {{1}})", f"{name}({{0}}, {{1}}, {{2}})"


def _listagg(a: Arguments) -> exp.Expr:
    """Without a delimiter nothing stands between the values (DuckDB would put a comma)."""
    expect("LISTAGG", a, 1, 2)
    values = list(a[0].expressions) if isinstance(a[0], exp.Distinct) else [a[0]]
    delimiter = (values[1:] or a[1:] or [exp.Literal.string("")])[0]
    value: exp.Expr = exp.Cast(this=values[0].copy(), to=exp.DataType.build("VARCHAR"))
    if isinstance(a[0], exp.Distinct):
        value = exp.Distinct(expressions=[value])
    return build("string_agg({0}, {1})", [value, delimiter])


def _count(a: Arguments) -> exp.Expr:
    expect("COUNT", a, 1)
    return exp.Anonymous(this="count", expressions=a)


AGGREGATES: dict[str, Function] = {
    **{name: _aggregate("DOUBLE", f"{name.lower()}({{0}}, {{1}})") for name in _STATISTICS.split()},
    **{name: _aggregate("DOUBLE", f"{name.lower()}({{0}})") for name in _SPREAD.split()},
    **{name: _aggregate(result, f"{name.lower()}()") for name, result in _RANKS.items()},
    **{name: _aggregate(first, f"{name.lower()}({{0}})") for name in ("FIRST_VALUE", "LAST_VALUE")},
    **{name: _aggregate(first, *_offsets(name.lower())) for name in ("LAG", "LEAD")},
    "NTH_VALUE": _aggregate(first, "nth_value({0}, {1})"),
    "ANY_VALUE": _aggregate(first, "any_value({0})"),
    "APPROX_COUNT_DISTINCT": _aggregate("BIGINT", "approx_count_distinct({0})"),
    "APPROX_PERCENTILE": _aggregate("DOUBLE", "approx_quantile(CAST({0} AS DOUBLE), {1})"),
    "ARRAY_AGG": _aggregate(unknown, "array_agg({0})"),
    "AVG": _aggregate("DOUBLE", "avg({0})"),
    "BIT_AND": _aggregate(first, "bit_and({0})"),
    "BIT_OR": _aggregate(first, "bit_or({0})"),
    "BIT_XOR": _aggregate(first, "bit_xor({0})"),
    "BOOL_AND": _aggregate("BOOLEAN", "bool_and({0})"),
    "BOOL_OR": _aggregate("BOOLEAN", "bool_or({0})"),
    "COUNT": ruled("BIGINT", _count, aggregate=True),
    "GROUPING": _aggregate("BIGINT", "grouping({*})"),
    "LISTAGG": ruled("VARCHAR", _listagg, aggregate=True),
    "MAX": _aggregate(first, "max({0})"),
    "MIN": _aggregate(first, "min({0})"),
    "NDV": _aggregate("BIGINT", "approx_count_distinct({0})"),
    "NTILE": _aggregate("INTEGER", "ntile({0})"),
    "PERCENTILE_CONT": _aggregate("DOUBLE", "percentile_cont({0})"),
    "PERCENTILE_DISC": _aggregate(unknown, "percentile_disc({0})"),
    "SUM": f(sum_type, "sum({0})", aggregate=True, cast_ruled=True),
    "VARIANCE": _aggregate("DOUBLE", "var_samp({0})"),
}
