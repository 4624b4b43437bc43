"""CAST where DuckDB's answer has another form than Dremio's, and values that become texts by themselves."""

from sqlglot import exp

from dremio_engine.sql.data_types.type_rules import FLOATING, WHOLE, is_decimal
from dremio_engine.sql.functions.signature import build

# Dremio writes milliseconds always, and large and small floating-point numbers as Java does.
_TEXT_OF = {
    "TIMESTAMP": "strftime({0}, '%Y-%m-%d %H:%M:%S.%g')",
    "TIME": "strftime(DATE '1970-01-01' + {0}, '%H:%M:%S.%g')",
    "BLOB": "dremio_utf8({0})",
    "DOUBLE": "dremio_floating_text({0})",
    "FLOAT": "dremio_floating_text({0})",
}
# Beside decimals: what becomes a text without being told.
_PLAIN = frozenset([*WHOLE, *FLOATING, "BOOLEAN", "DATE", "TIME", "TIMESTAMP"])
_TEXT_TYPES = (exp.DType.VARCHAR, exp.DType.TEXT, exp.DType.CHAR, exp.DType.NVARCHAR)
_BYTE_TYPES = (exp.DType.VARBINARY, exp.DType.BINARY)
_READ_TYPES = {
    exp.DType.BOOLEAN: "dremio_truth({0})",
    exp.DType.INT: "CAST(dremio_whole_number({0}, 'INTEGER') AS INTEGER)",
    exp.DType.BIGINT: "CAST(dremio_whole_number({0}, 'BIGINT') AS BIGINT)",
}
MACROS = (
    # A text is its bytes in UTF-8; DuckDB would write bytes as \xAA, and takes no other letters than ASCII.
    "create or replace macro dremio_varbinary(s varchar) as encode(s), (b blob) as b",
    "create or replace macro dremio_utf8(b blob) as decode(b), (b varchar) as b",
    # From DuckDB's digits, with or without an exponent: one digit, a point, the others, the exponent.
    "create or replace macro dremio_mantissa(d) as left(ltrim(d, '0'), 1) || '.'"
    " || coalesce(nullif(substring(trim(d, '0'), 2), ''), '0')",
    "create or replace macro dremio_exponent(m, e) as e + strpos(m || '.', '.') - 2"
    " - (length(replace(m, '.', '')) - length(ltrim(replace(m, '.', ''), '0')))",
    "create or replace macro dremio_scientific(t) as"
    " dremio_mantissa(replace(split_part(t, 'e', 1), '.', '')) || 'E' || dremio_exponent("
    "split_part(t, 'e', 1), coalesce(try_cast(split_part(t, 'e', 2) as integer), 0))",
    "create or replace macro dremio_floating_text(x) as case when x is null then null"
    " when isnan(x) then 'NaN' when isinf(x) then case when x < 0 then '-Infinity' else 'Infinity' end"
    " when x = 0 or (abs(x) >= 0.001 and abs(x) < 10000000) then cast(x as varchar)"
    " else case when x < 0 then '-' else '' end || dremio_scientific(cast(abs(x) as varchar)) end",
    "create or replace macro dremio_whole_number(s, kind) as case when s is null"
    r" or regexp_full_match(s, '\s*[+-]?[0-9]+\s*') then s"
    " else error('Failed to cast the string ' || s || ' to ' || kind) end",
    "create or replace macro dremio_truth(s) as case when s is null then null"
    " when lower(trim(s)) in ('true', '1') then true when lower(trim(s)) in ('false', '0') then false"
    " else error('Invalid value for boolean: ''' || s || '''') end",
)


def cast(node: exp.Cast, source: str | None) -> exp.Expr | None:
    """DuckDB's tree for a cast from a type that may be unknown; nothing when it may stay."""
    length = node.meta.get("length")
    if node.to.is_type(*_TEXT_TYPES):
        text = as_text(node.this, source)
        if length is not None:
            return build(f"left({{0}}, {int(length)})", [text])
        return text if source in _TEXT_OF else None
    if node.to.is_type(*_BYTE_TYPES):
        return build(
            "dremio_varbinary({0})" + (f"[1:{int(length)}]" if length is not None else ""), [node.this]
        )
    if source == "VARCHAR" and node.to.this in _READ_TYPES and not isinstance(node, exp.TryCast):
        return build(_READ_TYPES[node.to.this], [node.this])
    if source in FLOATING and node.to.is_type(exp.DType.INT, exp.DType.BIGINT):
        # Half away from zero; DuckDB alone would round half to even.
        node.set("this", build("round({0})", [node.this]))
    return None


def is_plain(kind: str | None) -> bool:
    """Whether values of a type become texts where texts are wanted."""
    return kind in _PLAIN or is_decimal(kind)


def as_text(node: exp.Expr, source: str | None) -> exp.Expr:
    """A value of a type as Dremio writes it."""
    return build(_TEXT_OF.get(source or "", "CAST({0} AS VARCHAR)"), [node])
