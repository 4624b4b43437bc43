"""Mathematics and bits. Source: docs.dremio.com, SQL functions, Math and Bitwise."""

from sqlglot import exp

from dremio_engine.sql.data_types.type_rules import MAX_PRECISION, decimal_of, is_decimal, whole_type
from dremio_engine.sql.functions.signature import Arguments, Function, build, f, first, unknown

_TO_DOUBLE = "ATAN CBRT COS COSH COT DEGREES EXP RADIANS SIN SINH TAN TANH"
# Gandiva asks C's mathematics, which has an answer where DuckDB has an error.
_BOUNDED = {
    "ACOS": ("abs(x) > 1", "acos(x)"),
    "ASIN": ("abs(x) > 1", "asin(x)"),
    "LN": ("x < 0", "case when x = 0 then '-Infinity'::double else ln(x) end"),
    "LOG10": ("x < 0", "case when x = 0 then '-Infinity'::double else log10(x) end"),
    "SQRT": ("x < 0", "sqrt(x)"),
}

# An INTEGER has 32 bits; DuckDB shows 64 of a negative one.
MACROS = (
    *(
        f"create or replace macro dremio_{name.lower()}(x) as"
        f" case when {outside} then 'NaN'::double else {inside} end"
        for name, (outside, inside) in _BOUNDED.items()
    ),
    "create or replace macro dremio_bin(n integer) as bin(n::bigint & 4294967295), (n bigint) as bin(n)",
    "create or replace macro dremio_rshiftunsigned(n integer, k) as"
    " cast((n::bigint & 4294967295) >> k as integer),"
    " (n bigint, k) as case when k = 0 then n"
    " else (n >> k) & (9223372036854775807 >> cast(k - 1 as bigint)) end",
)

NUMBERS: dict[str, Function] = {
    **{name: f("DOUBLE", f"{name.lower()}({{0}})") for name in _TO_DOUBLE.split()},
    **{name: f("DOUBLE", f"dremio_{name.lower()}(CAST({{0}} AS DOUBLE))") for name in _BOUNDED},
    "ABS": f(first, "abs({0})"),
    "ATAN2": f("DOUBLE", "atan2({0}, {1})"),
    "BIN": f("VARCHAR", "dremio_bin({0})"),
    "BITWISE_AND": f(first, "({0} & {1})"),
    "BITWISE_NOT": f(first, "(~{0})"),
    "BITWISE_OR": f(first, "({0} | {1})"),
    "BITWISE_XOR": f(first, "xor({0}, {1})"),
    "BROUND": f("DOUBLE", "round_even({0}, 0)", "round_even({0}, {1})"),
    "CEIL": f(whole_type, "ceil({0})", cast_ruled=True),
    "CEILING": f(whole_type, "ceil({0})", cast_ruled=True),
    "E": f("DOUBLE", "exp(1)"),
    "FACTORIAL": f("BIGINT", "factorial(CAST({0} AS INTEGER))"),
    "FLOOR": f(whole_type, "floor({0})", cast_ruled=True),
    "LOG": f(
        "DOUBLE",
        "dremio_ln(CAST({0} AS DOUBLE))",
        "dremio_ln(CAST({1} AS DOUBLE)) / dremio_ln(CAST({0} AS DOUBLE))",
    ),
    "LOG2": f("DOUBLE", "log2({0})"),
    "LSHIFT": f(first, "({0} << {1})"),
    "PI": f("DOUBLE", "pi()"),
    "POW": f("DOUBLE", "pow({0}, {1})"),
    "POWER": f("DOUBLE", "pow({0}, {1})"),
    "RAND": f("DOUBLE", "random()"),
    "RANDOM": f("DOUBLE", "random()"),
    "ROUND": f(unknown, "round({0})", "round({0}, {1})"),
    "RSHIFT": f(first, "({0} >> {1})"),
    "RSHIFTUNSIGNED": f(first, "dremio_rshiftunsigned({0}, {1})"),
    "SHIFTLEFT": f(first, "({0} << {1})"),
    "SHIFTRIGHT": f(first, "({0} >> {1})"),
    "SHIFTRIGHTUNSIGNED": f(first, "dremio_rshiftunsigned({0}, {1})"),
    "SIGN": f("INTEGER", "sign({0})"),
    "TRUNC": f(unknown, "trunc({0})", "trunc({0}, {1})"),
    "TRUNCATE": f(unknown, "trunc({0})", "trunc({0}, {1})"),
    "XOR": f(first, "xor({0}, {1})"),
}


def rounded_by_column(name: str, a: Arguments, kind: str | None) -> exp.Expr | None:
    """ROUND and TRUNCATE of a DECIMAL to a number of digits that is not a literal, which DuckDB cannot do.

    Nothing for any other call.
    """
    size = decimal_of(kind) if is_decimal(kind) else None
    if size is None or len(a) != 2 or _is_number(a[1]):
        return None
    precision, scale = size
    result = f"DECIMAL({min(precision + 1, MAX_PRECISION)}, {scale})"
    function = "round" if name == "ROUND" else "trunc"
    digits = range(scale - precision, scale)
    cases = " ".join(f"WHEN {{1}} = {d} THEN CAST({function}({{0}}, {d}) AS {result})" for d in digits)
    return build(
        f"CASE WHEN {{1}} IS NULL THEN NULL WHEN {{1}} >= {scale} THEN CAST({{0}} AS {result}) {cases}"
        f" ELSE CAST({{0}} * 0 AS {result}) END",
        a,
    )


def _is_number(node: exp.Expr) -> bool:
    inner = node.this if isinstance(node, exp.Neg) else node
    return isinstance(inner, exp.Literal) and not inner.is_string
