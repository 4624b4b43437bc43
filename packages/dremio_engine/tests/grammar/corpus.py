"""One-liners of other dialects. Dremio refuses each; so does Calcite, or SEMANTIC says why it does not."""

from pathlib import Path

FOREIGN = {
    file.stem: file.read_text(encoding="utf-8").splitlines()
    for file in sorted((Path(__file__).parent / "foreign").glob("*.sql"))
}
# Calcite parses these; Dremio refuses them for their meaning, or they mean something else there.
SEMANTIC = {
    "a type that Dremio does not have is a name to Calcite's parser": (
        r"\bcast\(a as (string|text|int4|float8|timestamptz|bytea|jsonb|int64|float64|bytes|number|variant"
        r"|timestamp_ntz|hugeint|uinteger|utinyint|tinyint|smallint|real|blob|bool|datetime|uuid|json"
        r"|timestamp_s|bit)\b"
    ),
    "the validator refuses it (Calcite, SqlValidatorImpl)": (
        r" join u$| join u join |cross join u (on|using)|natural (left )?join|exists \(a\)|update set t\.a"
    ),
    "the word before JOIN is an alias to Calcite": r"\b(semi|anti|asof|positional)( left)? join",
    "a statement that Calcite has and Dremio does not": r"^(table t|upsert|call|set|reset)\b",
    "IF is reserved in Dremio (dremio-oss, sql-grammar, nonReservedKeyWord)": r"\bif\(a, b, c\)",
    "$1 is a name to Calcite": r"\$1",
    "what stands inside PIVOT is not asked": r"\bpivot \(.*\) as d\)",
}
