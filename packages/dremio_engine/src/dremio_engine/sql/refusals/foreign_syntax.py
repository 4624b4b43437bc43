"""Syntax of DuckDB, PostgreSQL and other dialects that sqlglot reads and Dremio's parser does not.

The rules are those of Dremio's grammar (dremio-oss, dac/ui-common/sql-grammar) and of its SQL reference
(docs.dremio.com, SELECT, MERGE, UPDATE, DELETE, INSERT).
"""

from collections.abc import Callable, Iterator

from sqlglot.tokens import TokenType

from dremio_engine.sql.data_types.type_syntax import NESTED, STRUCTS
from dremio_engine.sql.jdbc_escapes import ESCAPES
from dremio_engine.sql.refusals.faults import Fault
from dremio_engine.sql.refusals.merge_clauses import merge_fault
from dremio_engine.sql.refusals.words import NONE, Words

SYMBOLS = frozenset(
    [
        *("(", ")", "[", "]", ",", ".", ";", "=", "<", ">", "<=", ">=", "<>", "!=", "+", "-", "*", "/", "%"),
        *("||", "=>", "?", "/*+", "*/"),
    ]
)
_INSTEAD = {
    "::": "write CAST(value AS type)",
    "==": "write =",
    "<=>": "write IS NOT DISTINCT FROM",
    "->": "there are no lambdas and no arrows into JSON",
    "->>": "there are no lambdas and no arrows into JSON",
    "&": "call BITWISE_AND",
    "|": "call BITWISE_OR",
    "^": "call BITWISE_XOR, or POWER",
    "~": "call BITWISE_NOT, or REGEXP_LIKE",
    "**": "call POWER",
    "<<": "call LSHIFT",
    ">>": "call RSHIFT",
    "{": "the escapes are {d ..}, {t ..}, {ts ..} and {fn ..}",
    ":": "there are no slices, and no parameters by name",
}
# Adjacent symbols that are one operator elsewhere.
_DOUBLED = ("**", "<<", ">>")
_PHRASES: dict[tuple[str, ...], str] = {
    ("GROUP", "BY", "ALL"): "name what to group by",
    ("WITH", "RECURSIVE"): "WITH cannot be recursive",
    ("SELECT", "DISTINCT", "ON"): "use QUALIFY ROW_NUMBER() OVER (..) = 1",
    ("UNION", "BY", "NAME"): "list the columns of both queries in one order",
    ("UNION", "ALL", "BY", "NAME"): "list the columns of both queries in one order",
    ("UNION", "DISTINCT", "BY", "NAME"): "list the columns of both queries in one order",
    ("SEMI", "JOIN"): "use WHERE EXISTS",
    ("ANTI", "JOIN"): "use WHERE NOT EXISTS",
    ("ASOF", "JOIN"): "join on a condition, and rank with ROW_NUMBER",
    **{
        ("ASOF", side, "JOIN"): "join on a condition, and rank with ROW_NUMBER"
        for side in ("INNER", "LEFT", "RIGHT", "FULL")
    },
    ("POSITIONAL", "JOIN"): "join on a condition",
    ("USING", "SAMPLE"): "there is no such clause",
    ("ROWS", "WITH", "TIES"): "only ROWS ONLY can stand here",
    ("ROW", "WITH", "TIES"): "only ROW ONLY can stand here",
    ("AS", "MATERIALIZED", "("): "write WITH name AS (query)",
    ("AS", "NOT", "MATERIALIZED"): "write WITH name AS (query)",
    ("ROW", "EXCLUDE"): "frames exclude nothing",
    ("FOLLOWING", "EXCLUDE"): "frames exclude nothing",
    ("PRECEDING", "EXCLUDE"): "frames exclude nothing",
    ("GROUPS", "BETWEEN"): "frames count ROWS or a RANGE",
    ("FOR", "UPDATE"): "reading locks nothing",
    ("FOR", "SHARE"): "reading locks nothing",
    ("DEFAULT", "VALUES"): "write VALUES (..)",
    ("LATERAL", "VIEW"): "use UNNEST(list) or LATERAL (query)",
    ("LATERAL", "UNNEST"): "write UNNEST without LATERAL",
    ("CROSS", "APPLY"): "use CROSS JOIN LATERAL (query)",
    ("OUTER", "APPLY"): "use LEFT JOIN LATERAL (query) ON TRUE",
    ("WITH", "OFFSET"): "write WITH ORDINALITY",
    ("SELECT", "FROM"): "SELECT needs columns",
    ("ON", "CONFLICT"): "use MERGE",
}
_NEEDED = {"INSERT": "INTO", "DELETE": "FROM"}
_STATEMENTS: dict[tuple[str, ...], str] = {
    ("INSERT", "OR"): "write INSERT INTO, or MERGE",
    ("INSERT", "OVERWRITE"): "write DELETE and INSERT INTO",
}
_TEXT_OPERATORS = {
    "ILIKE": "call ILIKE(text, pattern)",
    "RLIKE": "call REGEXP_LIKE(text, pattern)",
    "REGEXP": "call REGEXP_LIKE(text, pattern)",
    "GLOB": "use LIKE",
    "ISNULL": "write IS NULL",
    "NOTNULL": "write IS NOT NULL",
}
_TYPES = {
    **dict.fromkeys(["STRING", "TEXT", "NVARCHAR", "BPCHAR", "UUID", "JSON"], "VARCHAR"),
    **dict.fromkeys(["INT2", "INT4", "SHORT", "SMALLINT", "TINYINT", "MEDIUMINT", "SIGNED"], "INTEGER"),
    **dict.fromkeys(["INT8", "LONG", "HUGEINT", "UBIGINT"], "BIGINT"),
    **dict.fromkeys(["FLOAT4", "REAL"], "FLOAT"),
    **dict.fromkeys(["FLOAT8"], "DOUBLE"),
    **dict.fromkeys(["BOOL", "LOGICAL"], "BOOLEAN"),
    **dict.fromkeys(["BYTEA", "BYTES"], "VARBINARY"),
    **dict.fromkeys(["DATETIME", "TIMESTAMPTZ", "TIMESTAMPNTZ"], "TIMESTAMP"),
    **dict.fromkeys(["NUMBER", "BIGDECIMAL"], "DECIMAL"),
}
_STAR_CHANGES = ("EXCLUDE", "EXCEPT", "REPLACE", "RENAME")
_BEFORE_A_STAR = ("SELECT", "DISTINCT", ",", ".", "ALL")
_MAKE_LISTS = ("ARRAY", "MAP", "MULTISET")
_BEFORE_A_QUERY = ("", "(", "AS", "UNION", "EXCEPT", "INTERSECT", "ALL")
_AFTER_A_LIST = frozenset(
    [
        *("", ")", "]", "SELECT", "FROM", "WHERE", "GROUP", "HAVING", "QUALIFY", "WINDOW", "ORDER", "LIMIT"),
        *("OFFSET", "FETCH", "UNION", "EXCEPT", "INTERSECT", "WHEN"),
    ]
)
_UNITS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")

# (words, number of a word) -> the first and the last word at fault and the reason, if it is one.
Found = tuple[int, int, str] | None
Rule = Callable[[Words, int], Found]


def foreign_syntax(words: Words, sql: str) -> Fault | None:
    """The first thing in a query that only other dialects have."""
    for index in range(len(words)):
        for rule in _rules(words, index):
            if (found := rule(words, index)) is not None:
                first, last, reason = found
                return Fault(words[first].start, words.written(first, last, sql), reason)
    return merge_fault(words, sql)


def _rules(words: Words, at: int) -> Iterator[Rule]:
    """Those that may find something at a word."""
    word, text = words[at], words.plain(at)
    if word.is_symbol:
        yield _symbol
    if text in _PHRASES_OF:
        yield _phrase
    if at == 0:
        yield _statement
    if word.kind == TokenType.NUMBER:
        yield _share
    if (rule := _RULE_OF.get(text)) is not None:
        yield rule


def _symbol(words: Words, at: int) -> Found:
    word, after = words[at], words[at + 1]
    if word.text + after.text in _DOUBLED and after.start == word.start + 1:
        if word.text == ">" and _bracketed_word(words, at) in NESTED:
            return None
        return at, at + 1, _INSTEAD[word.text + after.text]
    if word.text == ":" and _bracketed_word(words, at) in STRUCTS:
        return None
    if word.text == "}" or (word.text == "{" and after.text in ESCAPES):
        return None
    if word.written not in SYMBOLS:
        return at, at, _INSTEAD.get(word.written, "there is no such operator")
    return None


def _bracketed_word(words: Words, at: int) -> str:
    """The word before the bracket around a place, as LIST in `LIST<INT>`."""
    depth = 0
    while at > 0 and depth <= 0:
        at -= 1
        depth += {"(": 1, "<": 1, ")": -1, ">": -1}.get(words.plain(at), 0)
    return words.plain(at - 1) if depth > 0 else ""


def _phrase(words: Words, at: int) -> Found:
    for phrase in _PHRASES_OF[words.plain(at)]:
        if words.begin(at, phrase):
            return at, at + len(phrase) - 1, _PHRASES[phrase]
    return None


def _statement(words: Words, at: int) -> Found:
    for phrase, reason in _STATEMENTS.items():
        if words.begin(0, phrase):
            return 0, len(phrase) - 1, reason
    needed = _NEEDED.get(words.plain(0))
    if needed is not None and words.plain(1) != needed:
        return 0, 0, f"{words.plain(0)} needs {needed}"
    return None


def _set_of_several(words: Words, at: int) -> Found:
    if words.plain(0) == "UPDATE" and words.plain(at + 1) == "(":
        return at, at + 1, "set one column after the other"
    return None


def _by_name(words: Words, at: int) -> Found:
    if words.plain(0) == "INSERT" and words.plain(at + 1) == "NAME" and words[at - 1].ends_value:
        return at, at + 1, "list the columns"
    return None


def _trailing_comma(words: Words, at: int) -> Found:
    quoted = words[at + 1] is not NONE and not words.plain(at + 1)
    if words.plain(at + 1) in _AFTER_A_LIST and not quoted:
        return at, at, "something must follow the comma"
    return None


def _list_literal(words: Words, at: int) -> Found:
    if not words[at - 1].ends_value and words.plain(at - 1) not in _MAKE_LISTS:
        return at, at, "write ARRAY[..]"
    return None


def _changed_star(words: Words, at: int) -> Found:
    if words.plain(at - 1) in _BEFORE_A_STAR and words.plain(at + 1) in _STAR_CHANGES:
        return at, at + 1, "list the columns"
    return None


def _share(words: Words, at: int) -> Found:
    if words.plain(at - 1) in ("LIMIT", "FIRST", "NEXT") and words.plain(at + 1) in ("%", "PERCENT"):
        return at, at + 1, "write a number of rows"
    if words.begin(at + 1, ("WITH", "TIES")):
        return at, at + 2, "write a number of rows alone"
    return None


def _text_operator(words: Words, at: int) -> Found:
    left = at - 2 if words.plain(at - 1) == "NOT" else at - 1
    return (at, at, _TEXT_OPERATORS[words.plain(at)]) if words[left].ends_value else None


def _alias_in_apostrophes(words: Words, at: int) -> Found:
    is_text = words[at + 1].kind == TokenType.STRING
    return (at, at + 1, "a name stands in double quotes") if is_text and not _in_unpivot(words, at) else None


def _in_unpivot(words: Words, at: int) -> bool:
    """Whether it is among the columns that UNPIVOT lists, whose AS gives a value."""
    opened = _opened_before(words, at)
    around = _opened_before(words, opened)
    return words.plain(opened - 1) == "IN" and words.plain(around - 1) in ("UNPIVOT", "NULLS")


def _opened_before(words: Words, at: int) -> int:
    """The bracket that is open at a word; -1 if there is none."""
    depth = 0
    for index in range(at - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(words.plain(index), 0)
        if depth < 0:
            return index
    return -1


def _query_without_select(words: Words, at: int) -> Found:
    quoted = words[at - 1] is not NONE and not words.plain(at - 1)
    if words.plain(at - 1) in _BEFORE_A_QUERY and not quoted and words.plain(at - 2) != "TRIM":
        return at, at, "a query begins with SELECT"
    return None


def _interval(words: Words, at: int) -> Found:
    value = at + 2 if words.plain(at + 1) in ("+", "-") else at + 1
    if words.plain(at - 1) == "AS" or (
        words[value].kind == TokenType.STRING and words.plain(value + 1) in _UNITS
    ):
        return None
    return at, at, "write INTERVAL '1' DAY, with a unit of YEAR, MONTH, DAY, HOUR, MINUTE or SECOND"


def _type_of_cast(words: Words, at: int) -> Found:
    if words.plain(at + 1) != "(":
        return None
    depth, place = 1, at + 2
    while depth and place < len(words):
        text = words.plain(place)
        if text == "AS" and depth == 1:
            kind = words.plain(place + 1)
            return (place + 1, place + 1, f"write CAST(.. AS {_TYPES[kind]})") if kind in _TYPES else None
        depth += {"(": 1, ")": -1}.get(text, 0)
        place += 1
    return None


_PHRASES_OF = {first: [p for p in _PHRASES if p[0] == first] for first, *_ in _PHRASES}
_RULE_OF: dict[str, Rule] = {
    **dict.fromkeys(_TEXT_OPERATORS, _text_operator),
    ",": _trailing_comma,
    "[": _list_literal,
    "*": _changed_star,
    "AS": _alias_in_apostrophes,
    "BY": _by_name,
    "CAST": _type_of_cast,
    "TRY_CAST": _type_of_cast,
    "FROM": _query_without_select,
    "INTERVAL": _interval,
    "SET": _set_of_several,
}
