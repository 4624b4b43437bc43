"""What Dremio documents beside Calcite 1.21, each with its source, and what Calcite is asked instead.

`DOCS` is Dremio's SQL reference, `GRAMMAR` the grammar that Dremio publishes for its editor.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

DOCS = "docs.dremio.com, SQL reference, "
GRAMMAR = "github.com/dremio/dremio-oss, dac/ui-common/sql-grammar, "

_LITERAL = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|//[^\n]*|/\*.*?\*/", re.DOTALL)
_HELD = re.compile(r"\x01(\d+)\x01")


@dataclass(frozen=True)
class Clause:
    """Part of a query: Calcite is asked about the statement with `pattern` replaced by `instead`."""

    name: str
    source: str
    example: str
    pattern: str
    instead: str | Callable[[re.Match[str]], str]


@dataclass(frozen=True)
class Command:
    """A statement of Dremio's own: Calcite is asked about the query in it, if it has one."""

    name: str
    source: str
    example: str
    pattern: str


def _having_or_and(found: re.Match[str]) -> str:
    """QUALIFY takes a condition where HAVING does; behind a HAVING it is one more."""
    open_brackets, before = 0, found.string[: found.start()]
    for word in reversed(re.findall(r"[()]|\bhaving\b|\bselect\b", before)):
        open_brackets += {")": 1, "(": -1}.get(word, 0)
        if open_brackets < 0 or (open_brackets == 0 and word == "select"):
            break
        if open_brackets == 0 and word == "having":
            return "and"
    return "having"


_INSIDE = r"(?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*"
_NAME = r"(?:\x01\d+\x01|[a-z_]\w*)"
_PATH = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_TEXT = r"\x01\d+\x01"

CLAUSES = (
    Clause(
        "QUALIFY",
        DOCS + "SELECT",
        "select a from t qualify row_number() over (order by a) = 1",
        r"\bqualify\b",
        _having_or_and,
    ),
    Clause(
        "AT SNAPSHOT, AT TIMESTAMP, AT BRANCH",
        DOCS + "SELECT",
        "select a from t at snapshot '1' as x",
        rf"\bat\s+(?:snapshot|timestamp|branch|tag|commit|ref|reference)\s+{_NAME}"
        rf"(?:\s+as\s+of\s+(?:timestamp\s+)?{_TEXT})?",
        "",
    ),
    Clause(
        "LIKE ANY, SOME, ALL",
        DOCS + "SQL functions, LIKE",
        "select a from t where a not like any ('x', 'y')",
        r"\blike\s+(?:any|some|all)\s*\(",
        "in (",
    ),
    Clause(
        "PIVOT, UNPIVOT",
        DOCS + "SELECT",
        "select a from t pivot (sum(b) for c in (1, 2)) as x",
        rf"\b(?:un)?pivot\s*(?:(?:include|exclude)\s+nulls\s*)?\({_INSIDE}\)",
        "",
    ),
    Clause(
        "PERCENTILE_CONT, PERCENTILE_DISC",
        DOCS + "SQL functions, PERCENTILE_CONT",
        "select percentile_cont(0.5) within group (order by a) from t",
        r"\bpercentile_(?:cont|disc)\s*\(",
        "listagg(",
    ),
    Clause(
        "TRY_CONVERT_FROM",
        DOCS + "SQL functions, TRY_CONVERT_FROM",
        "select try_convert_from(a as row(b int, c varchar)) from t",
        rf"\btry_convert_from\s*\(({_INSIDE}?)\s+as\s+{_INSIDE}\)",
        r"f(\1)",
    ),
    Clause(
        "CONTAINS",
        DOCS + "SQL functions, CONTAINS",
        "select a from t where contains(a, 'x')",
        r"\bcontains\s*\(",
        "f(",
    ),
    Clause(
        "a join in brackets",
        GRAMMAR + "exprOrJoinOrOrderedQuery; Calcite has it from 1.31 on",
        "select x.a from (t join u on t.a = u.a) join v on true",
        rf"\bfrom\s*\(\s*({_PATH}\s+(?:inner\s+|left\s+|cross\s+)*join\s[^()]*)\)",
        r"from \1",
    ),
    Clause(
        "TRY_CONVERT_FROM",
        DOCS + "SQL functions, TRY_CONVERT_FROM",
        "select try_convert_from(a as row(b int)) from t",
        r"\btry_convert_from\s*\(",
        "cast(",
    ),
    Clause(
        "STRUCT, LIST and MAP as types",
        DOCS + "Data Types",
        "select cast(a as struct<b: int, c: list<varchar>>) from t",
        r"\bas\s+(?:struct|row|list|array|map)\s*[<(][\w\s:,<>()]*[>)](?=\s*\))",
        "as varchar",
    ),
    Clause(
        "MERGE .. UPDATE SET *, INSERT *",
        DOCS + "MERGE",
        "merge into t using u on t.a = u.a when matched then update set * when not matched then insert *",
        r"\b(update\s+set|insert)\s*\*",
        lambda found: "insert values (1)" if found[1] == "insert" else "update set a = 1",
    ),
    Clause(
        "MEASURES as a name: in Dremio it is a word of reflections, and not reserved",
        GRAMMAR + "nonReservedKeyWord",
        "select measures from t",
        r"\bmeasures\b",
        "m",
    ),
)
_CREATED = rf"create\s+(?:or\s+replace\s+)?(?:view|vds|table)\s+(?:if\s+not\s+exists\s+)?{_PATH}"
COMMANDS = (
    Command("CREATE VIEW", DOCS + "CREATE VIEW", "create or replace view s.v (a) as select a from t",
            rf"^{_CREATED}\s*(?:\([^()]*\)\s*)?as\b"),
    Command("CREATE TABLE AS", DOCS + "CREATE TABLE AS",
            "create table s.t partition by (month(d)) localsort by (a) as select a, d from t",
            rf"^{_CREATED}\s*(?:\({_INSIDE}\)\s*)?"
            rf"(?:(?:(?:striped|hash|roundrobin)\s+)?(?:partition|localsort|distribute|cluster)\s+by\s*\({_INSIDE}\)\s*"
            rf"|store\s+as\s*\({_INSIDE}\)\s*|with\s+single\s+writer\s*)*as\b"),
    Command("EXPLAIN PLAN", DOCS + "EXPLAIN", "explain plan for select a from t", r"^explain\s+plan\s+for\b"),
    Command("UPDATE .. FROM", DOCS + "UPDATE", "update t set a = u.a from u where t.b = u.b",
            rf"^update\s+{_PATH}(?:\s+(?:as\s+)?{_NAME})?\s+set\s+{_NAME}\s*=[^()]*?(?<!distinct)(?=\sfrom\b)"),
    Command("DELETE .. USING", DOCS + "DELETE", "delete from t using u where t.b = u.b",
            rf"^delete\s+from\s+{_PATH}(?:\s+(?:as\s+)?{_NAME})?\s+using\b"),
)  # fmt: skip
# Without a query in them: Calcite has nothing to say of them.
STATEMENTS = {
    "CREATE TABLE": (DOCS + "CREATE TABLE", "create table s.t (a int, d date) partition by (month(d))"),
    "CREATE FOLDER": (DOCS + "CREATE FOLDER", "create folder if not exists s.f"),
    "ALTER TABLE": (DOCS + "ALTER TABLE", "alter table s.t add columns (b varchar)"),
    "ALTER TABLE .. REFLECTION": (
        DOCS + "Reflections",
        "alter table s.t create raw reflection r using display (a)",
    ),
    "ALTER .. REFRESH METADATA": (DOCS + "ALTER TABLE", "alter table s.t refresh metadata auto promotion"),
    "COPY INTO": (
        DOCS + "COPY INTO",
        "copy into s.t from '@s/folder' files ('a.parquet') file_format 'parquet'",
    ),
    "DROP": (DOCS + "DROP TABLE", "drop table if exists s.t"),
    "TRUNCATE": (DOCS + "TRUNCATE", "truncate table if exists s.t"),
    "OPTIMIZE": (DOCS + "OPTIMIZE TABLE", "optimize table s.t rewrite manifests"),
    "VACUUM": (DOCS + "VACUUM TABLE", "vacuum table s.t expire snapshots retain_last 1"),
    "ROLLBACK": (DOCS + "ROLLBACK TABLE", "rollback table s.t to snapshot '1'"),
    "SHOW": (DOCS + "SHOW TABLES", "show tables in s"),
    "DESCRIBE": (DOCS + "DESCRIBE TABLE", "describe table s.t"),
    "GRANT": (DOCS + "GRANT", "grant select on table s.t to user u"),
}


def for_calcite(sql: str) -> str | None:
    """What Calcite is asked about a statement; nothing if it is one of STATEMENTS."""
    held: list[str] = []

    def hold(found: re.Match[str]) -> str:
        if found[0][:2] in ("--", "//", "/*"):
            return " "
        held.append(found[0])
        return f"\x01{len(held) - 1}\x01"

    text = _LITERAL.sub(hold, sql).lower().strip().removesuffix(";").strip()
    for command in COMMANDS:
        begins = re.match(command.pattern, text)
        if begins is not None:
            text = text[begins.end() :].strip()
            if command.name.startswith(("UPDATE", "DELETE")):
                text = "select 1 " + (text if text.startswith("from") else f"from t, {text}")
            break
    else:
        if text.split()[:1] and text.split()[0] in {name.split()[0].lower() for name in STATEMENTS} | {
            "alter",
            "drop",
        }:
            return None
    for clause in CLAUSES:
        text = re.sub(clause.pattern, clause.instead, text)
    return _HELD.sub(lambda found: held[int(found[1])], text)
