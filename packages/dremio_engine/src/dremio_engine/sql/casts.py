"""CAST where DuckDB's answer has another form than Dremio's."""

from sqlglot import exp

from dremio_engine.sql.functions.signature import build
from dremio_engine.sql.type_rules import FLOATING

# Dremio writes milliseconds always.
_TEXT_OF = {
    "TIMESTAMP": "strftime({0}, '%Y-%m-%d %H:%M:%S.%g')",
    "TIME": "strftime(DATE '1970-01-01' + {0}, '%H:%M:%S.%g')",
}
_TEXT_TYPES = (exp.DType.VARCHAR, exp.DType.TEXT, exp.DType.CHAR, exp.DType.NVARCHAR)


def cast(node: exp.Cast, source: str | None) -> exp.Expr | None:
    """DuckDB's tree for a cast from a type that may be unknown; nothing when it may stay."""
    if node.to.is_type(*_TEXT_TYPES):
        text = build(_TEXT_OF.get(source or "", "CAST({0} AS VARCHAR)"), [node.this])
        length = node.meta.get("length")
        if length is not None:
            return build(f"left({{0}}, {int(length)})", [text])
        return text if source in _TEXT_OF else None
    if source in FLOATING and node.to.is_type(exp.DType.INT, exp.DType.BIGINT):
        # Half away from zero; DuckDB alone would round half to even.
        node.set("this", build("round({0})", [node.this]))
    return None
