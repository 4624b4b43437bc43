"""CAST where DuckDB's answer has another form than Dremio's."""

from sqlglot import exp

from dremio_engine.sql.functions.signature import build
from dremio_engine.sql.type_rules import FLOATING

# Dremio writes milliseconds always.
_TEXT_OF = {
    "TIMESTAMP": "strftime({0}, '%Y-%m-%d %H:%M:%S.%g')",
    "TIME": "strftime(DATE '1970-01-01' + {0}, '%H:%M:%S.%g')",
    "BLOB": "dremio_utf8({0})",
}
_TEXT_TYPES = (exp.DType.VARCHAR, exp.DType.TEXT, exp.DType.CHAR, exp.DType.NVARCHAR)
_BYTE_TYPES = (exp.DType.VARBINARY, exp.DType.BINARY)
# A text is its bytes in UTF-8; DuckDB would write bytes as \xAA, and takes no other letters than ASCII.
MACROS = (
    "create or replace macro dremio_bytes(s varchar) as encode(s), (b blob) as b",
    "create or replace macro dremio_utf8(b blob) as decode(b), (b varchar) as b",
)


def cast(node: exp.Cast, source: str | None) -> exp.Expr | None:
    """DuckDB's tree for a cast from a type that may be unknown; nothing when it may stay."""
    if node.to.is_type(*_TEXT_TYPES):
        text = build(_TEXT_OF.get(source or "", "CAST({0} AS VARCHAR)"), [node.this])
        length = node.meta.get("length")
        if length is not None:
            return build(f"left({{0}}, {int(length)})", [text])
        return text if source in _TEXT_OF else None
    if node.to.is_type(*_BYTE_TYPES):
        length = node.meta.get("length")
        return build("dremio_bytes({0})" + (f"[1:{int(length)}]" if length is not None else ""), [node.this])
    if source in FLOATING and node.to.is_type(exp.DType.INT, exp.DType.BIGINT):
        # Half away from zero; DuckDB alone would round half to even.
        node.set("this", build("round({0})", [node.this]))
    return None
