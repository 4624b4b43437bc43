"""Which queries give the same answer for the same data, whenever and in whatever order rows are read.

Two things matter. A view that looks at the clock, the user or a die cannot be kept. And where SQL leaves
the answer to a query open (LIMIT without ORDER BY, ties in a window, the order of a LISTAGG, the order in
which doubles are added) a reflection would give a right answer, but another one than the dataset: such
queries are left alone. A view that leaves its rows open is kept as Dremio keeps it: the rows of the last
refresh are one of its right answers.
"""

from collections.abc import Callable, Iterator

from sqlglot import exp

from dremio_engine.sql.functions import FUNCTIONS
from dremio_engine.sql.json_columns import json_calls
from dremio_engine.sql.readings import METADATA_FUNCTIONS

# Functions that look at more than their arguments.
CONTEXT = frozenset(
    [
        "NOW",
        "CURRENT_DATE",
        "CURRENT_TIME",
        "CURRENT_TIMESTAMP",
        "CURRENT_DATE_UTC",
        "LOCALTIME",
        "LOCALTIMESTAMP",
        "STATEMENT_TIMESTAMP",
        "TRANSACTION_TIMESTAMP",
        "TIMEOFDAY",
        "UNIX_TIMESTAMP",
        "SYSDATE",
        "TODAY",
        "USER",
        "SESSION_USER",
        "CURRENT_USER",
        "SYSTEM_USER",
        "QUERY_USER",
        "IS_MEMBER",
        "CURRENT_SCHEMA",
        "LAST_QUERY_ID",
    ]
)
# What the table of functions does not hold: operators with a name, and TABLE(..) with what stands in it.
_NOT_LISTED = frozenset(["MOD", "PMOD", "TABLE", *(name.upper() for name in METADATA_FUNCTIONS)])
VOLATILE = frozenset(["RAND", "RANDOM", "UUID", "GEN_RANDOM_UUID", "NEWID", "RANDN"])
# Aggregates that give the same whatever the order of their rows.
ORDER_FREE = frozenset(["COUNT", "MIN", "MAX", "BOOL_AND", "BOOL_OR", "BIT_AND", "BIT_OR", "BIT_XOR"])
ADDING = frozenset(("SUM", "AVG"))
OTHER_AGGREGATES = frozenset(
    [
        "ANY_VALUE",
        "APPROX_COUNT_DISTINCT",
        "APPROX_PERCENTILE",
        "ARRAY_AGG",
        "ARRAY_CAT",
        "CORR",
        "COVAR_POP",
        "COVAR_SAMP",
        "FIRST",
        "FIRST_VALUE",
        "GROUPING",
        "GROUPING_ID",
        "HLL",
        "HLL_MERGE",
        "KURTOSIS",
        "LAST",
        "LAST_VALUE",
        "LISTAGG",
        "MEDIAN",
        "MODE",
        "NDV",
        "PERCENTILE_CONT",
        "PERCENTILE_DISC",
        "PRODUCT",
        "QUANTILE",
        "REGR_SLOPE",
        "SKEWNESS",
        "STDDEV",
        "STDDEV_POP",
        "STDDEV_SAMP",
        "STRING_AGG",
        "TDIGEST",
        "VARIANCE",
        "VAR_POP",
        "VAR_SAMP",
        "ROW_NUMBER",
        "RANK",
        "DENSE_RANK",
        "NTILE",
        "LAG",
        "LEAD",
        "CUME_DIST",
        "PERCENT_RANK",
        "NTH_VALUE",
        "FLATTEN",
        "MAX_BY",
        "MIN_BY",
        "ARG_MAX",
        "ARG_MIN",
    ]
)
AGGREGATES = ORDER_FREE | ADDING | OTHER_AGGREGATES

# DuckDB's names of types, then DuckLake's.
EXACT_TYPES = frozenset(
    ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DECIMAL", "INT8", "INT16", "INT32", "INT64"]
)
ExactColumn = Callable[[exp.Column], bool]


def functions_in(tree: exp.Expr) -> Iterator[str]:
    """The names of the functions a parsed query calls, in capitals."""
    for node in tree.walk():
        if isinstance(node, exp.Anonymous):
            yield node.name.upper()
        elif isinstance(node, exp.CurrentDate | exp.CurrentTimestamp | exp.CurrentTime | exp.CurrentUser):
            yield node.sql_names()[0].upper()


def why_not_kept(tree: exp.Expr) -> str | None:
    """What keeps a view's rows from being a function of its data; nothing when they are one."""
    for name in functions_in(tree):
        if name in CONTEXT | VOLATILE:
            return f"it calls {name}, whose value is not one of the data"
        if name not in FUNCTIONS and name not in _NOT_LISTED:
            return f"it calls {name}, a function of the user's, which may change"
    # A column that is none may be one of the words that SQL takes for a function without brackets.
    for column in tree.find_all(exp.Column):
        if not column.table and not column.this.args.get("quoted") and column.name.upper() in CONTEXT:
            return f"it names {column.name}, whose value is not one of the data"
    if json_calls(tree):
        return "it makes values of JSON in a column, whose type hangs on the data"
    return None


def open_limits(tree: exp.Expr) -> Iterator[exp.Query]:
    """The parts of a query that cut rows off without saying which."""
    for node in tree.find_all(exp.Query):
        cuts = node.args.get("limit") or node.args.get("offset")
        if cuts and not node.args.get("order"):
            yield node


def order_dependent(tree: exp.Expr, exact: ExactColumn) -> Iterator[exp.Expr]:
    """The parts of a query whose value may depend on the order in which rows are read, LIMIT aside."""
    for node in tree.walk():
        if isinstance(node, exp.Window | exp.WithinGroup | exp.TableSample | exp.AggFunc):
            yield node
        if isinstance(node, exp.Anonymous):
            name = node.name.upper()
            if name in VOLATILE or name in OTHER_AGGREGATES:
                yield node
            if name in ADDING and not all(is_exact(a, exact) for a in node.expressions):
                yield node


def is_exact(value: exp.Expr, exact: ExactColumn) -> bool:
    """Whether a value is an integer or a decimal, so that a sum of it has no rounding."""
    match value:
        case exp.Column():
            return exact(value)
        case exp.Literal():
            return not value.is_string and "e" not in value.name.lower()
        case exp.Paren() | exp.Neg():
            return is_exact(value.this, exact)
        case exp.Add() | exp.Sub() | exp.Mul():
            return is_exact(value.this, exact) and is_exact(value.expression, exact)
        case exp.Distinct():
            return all(is_exact(v, exact) for v in value.expressions)
        case exp.Cast():
            return value.to.is_type("INT", "BIGINT", "DECIMAL")
        case exp.Case():
            parts = [branch.args["true"] for branch in value.args["ifs"]]
            parts += [value.args["default"]] if value.args.get("default") else []
            return all(isinstance(p, exp.Null) or is_exact(p, exact) for p in parts)
        case _:
            return False


def is_exact_type(duckdb_type: str | None) -> bool:
    """Whether a DuckDB type adds without rounding."""
    return duckdb_type is not None and duckdb_type.upper().split("(")[0] in EXACT_TYPES


def is_simple(select: exp.Expr) -> bool:
    """Whether a query takes one relation row by row: columns chosen and computed, rows filtered, no more."""
    if not isinstance(select, exp.Select) or single_source(select) is None:
        return False
    kept = {"kind", "expressions", "from_", "where", "hint", "limit", "operation_modifiers"}
    if any(value for name, value in select.args.items() if name not in kept) or select.args.get("limit"):
        return False
    for part in [*select.expressions, *([select.args["where"]] if select.args.get("where") else [])]:
        for node in part.walk():
            if isinstance(
                node, exp.Query | exp.Window | exp.AggFunc | exp.WithinGroup | exp.Exists | exp.Filter
            ):
                return False
            if isinstance(node, exp.Anonymous) and node.name.upper() in AGGREGATES | VOLATILE:
                return False
    return True


def single_source(select: exp.Select) -> exp.Table | exp.Subquery | None:
    """The only relation a SELECT reads; nothing when it reads several, or one in a special way."""
    source = select.args.get("from_")
    if source is None or select.args.get("joins") or select.args.get("laterals"):
        return None
    relation = source.this
    if not isinstance(relation, exp.Table | exp.Subquery):
        return None
    if any(relation.args.get(extra) for extra in ("joins", "laterals", "pivots", "sample")):
        return None
    alias = relation.args.get("alias")
    return None if alias is not None and alias.args.get("columns") else relation
