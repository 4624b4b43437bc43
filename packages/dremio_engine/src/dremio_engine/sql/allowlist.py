"""What a query may contain; everything else is refused by name, with its place."""

from sqlglot import exp

from dremio_engine.errors import InvalidStatement, Unsupported
from dremio_engine.sql.data_types.type_rules import MAX_PRECISION

# Typed nodes the parser makes of special syntax, plus operators that sqlglot counts as functions.
ALLOWED_NODES = (
    exp.Cast, exp.TryCast, exp.Extract, exp.StrPosition, exp.Substring, exp.Trim, exp.Ceil, exp.Floor,
    exp.Case, exp.If, exp.Exists, exp.And, exp.Or, exp.Array, exp.Anonymous, exp.CurrentDate,
    exp.CurrentTimestamp, exp.CurrentTime, exp.CurrentUser, exp.SessionUser, exp.Localtime,
    exp.Localtimestamp, exp.Any, exp.All, exp.Overlay, exp.Unnest,
)  # fmt: skip
REFUSED_NODES = (
    exp.Command, exp.Parameter, exp.SessionParameter, exp.Placeholder, exp.Into, exp.Lock, exp.Pivot,
    exp.Lambda, exp.Kwarg, exp.Use, exp.Pragma, exp.Copy, exp.Attach, exp.Detach,
    exp.TableSample,
)  # fmt: skip
_LARGEST = 2**63 - 1
SCALAR_TYPES = frozenset(
    """
    BOOLEAN INT BIGINT SMALLINT TINYINT FLOAT DOUBLE DECIMAL VARCHAR TEXT CHAR NVARCHAR DATE TIME
    TIMESTAMP VARBINARY BINARY INTERVAL
    """.split()  # noqa: SIM905 - a list of 18 strings would fill 18 lines
)
NESTED_TYPES = frozenset(["ARRAY", "STRUCT", "MAP"])
TEXT_TYPES = frozenset(["VARCHAR", "TEXT", "CHAR", "NVARCHAR"])
SIZED_TYPES = TEXT_TYPES | {"VARBINARY", "BINARY"}


def refuse(tree: exp.Expr) -> None:
    """Raises Unsupported or InvalidStatement for the first thing that may not be in a query."""
    for node in tree.walk():
        if isinstance(node, exp.Select) and not node.expressions:
            raise InvalidStatement("PARSE ERROR: SELECT without columns.")
        if isinstance(node, exp.In) and not any(
            node.args.get(part) for part in ("expressions", "query", "field")
        ):
            raise InvalidStatement("PARSE ERROR: IN needs a list of values or a query in brackets.")
        if isinstance(node, exp.Fetch) and not node.args.get("count"):
            raise InvalidStatement("PARSE ERROR: FETCH needs FIRST or NEXT, and a number of rows.")
        if isinstance(node, REFUSED_NODES):
            raise Unsupported(f"PARSE ERROR: [{_as_written(node)}] is not supported by the engine.")
        if isinstance(node, exp.Func) and not isinstance(node, ALLOWED_NODES):
            raise Unsupported(
                f"VALIDATION ERROR: No match found for function signature {node.sql_name()}{position(node)}:"
                " the embedded engine does not have this function."
            )
        if isinstance(node, exp.Lateral) and not isinstance(node.this, exp.Subquery):
            raise Unsupported("LATERAL stands before a query in brackets only.")
        if isinstance(node, exp.Literal) and not node.is_string:
            _check_number(node)


def _as_written(node: exp.Expr) -> str:
    if isinstance(node, exp.TableSample):
        share = node.args.get("size") or node.args.get("percent")
        return f"TABLESAMPLE {node.args.get('method')}({share})"
    return node.sql(dialect="dremio")[:80]


def _check_number(node: exp.Literal) -> None:
    """Dremio's parser takes no number beyond BIGINT, with or without a fraction."""
    text = node.name.lower()
    if text.startswith("0x"):
        raise Unsupported(f"[{node.name}] is not a literal of Dremio's SQL.")
    whole = text.partition(".")[0]
    most = _LARGEST + 1 if isinstance(node.parent, exp.Neg) else _LARGEST
    if whole.isdecimal() and int(whole) > most:
        raise InvalidStatement(
            f"VALIDATION ERROR: Numeric literal {node.name} is out of the range of BIGINT;"
            f" write CAST('{node.name}' AS DECIMAL(38, n))."
        )


def position(node: exp.Expr) -> str:
    """Where a function's name stands in the query."""
    meta = node.meta
    return f" at line {meta['line']}, column {meta['col'] - len(node.name) + 1}" if "line" in meta else ""


def check_type(node: exp.DataType) -> None:
    """Dremio's types pass; the length of a text or of bytes moves to the cast around it, which cuts to it."""
    if isinstance(node.this, exp.Interval):
        return
    name = node.this.value if isinstance(node.this, exp.DType) else str(node.this)
    if name == "DECIMAL" and node.expressions:
        _check_decimal([size.name for size in node.expressions])
    if name in NESTED_TYPES and node.expressions:
        return
    if name not in SCALAR_TYPES and not isinstance(node.parent, exp.Interval):
        raise Unsupported(f"PARSE ERROR: type [{name}] is not supported by the embedded engine.")
    if name in SIZED_TYPES:
        if node.expressions and node.parent is not None and node.expressions[0].name.isdigit():
            node.parent.meta["length"] = node.expressions[0].name
        node.set("expressions", [])


def _check_decimal(sizes: list[str]) -> None:
    precision, scale = int(sizes[0]), int(sizes[1]) if len(sizes) > 1 else 0
    if not (1 <= precision <= MAX_PRECISION and scale <= precision):
        raise InvalidStatement(
            f"VALIDATION ERROR: DECIMAL({', '.join(sizes)}) is not a type:"
            f" it has 1 to {MAX_PRECISION} digits, and its scale is at most their number."
        )
