"""The one table from Dremio's functions to DuckDB's. What is not in it does not run.

Remaining differences, all documented: AVG of a DECIMAL is DOUBLE; TIMESTAMPADD on a DATE gives a
TIMESTAMP; APPROX_COUNT_DISTINCT and NDV use another sketch, so their estimates differ.
"""

from collections.abc import Callable

import sqlglot
from sqlglot import exp

from embedded.dremio.errors import InvalidStatement, Unsupported
from embedded.dremio.sql.formats import duckdb_format

Arguments = list[exp.Expr]
Rule = Callable[[Arguments], exp.Expr]

# DuckDB macros, created once per instance: one body per argument type keeps Dremio's result type.
MACROS = (
    "create or replace macro dremio_date_trunc(u varchar, d date) as cast(date_trunc(u, d) as date),"
    " (u varchar, d timestamp) as date_trunc(u, d),"
    " (u varchar, d varchar) as date_trunc(u, cast(d as timestamp))",
)

SAME = frozenset(
    """
    ABS ACOS ANY_VALUE ARRAY_AGG ASCII ASIN ATAN ATAN2 AVG BIT_AND BIT_OR BIT_XOR BOOL_AND BOOL_OR
    CBRT COALESCE CONCAT CONCAT_WS CORR COS COT COUNT COVAR_POP COVAR_SAMP CUME_DIST DAY DAYOFYEAR
    DEGREES DENSE_RANK EXP FIRST_VALUE GREATEST GROUPING HOUR LAG LAST_VALUE LEAD LEAST LEFT LENGTH
    LEVENSHTEIN LN LOG10 LOWER LTRIM MAX MD5 MEDIAN MIN MINUTE MOD MONTH NTH_VALUE NTILE NULLIF
    PERCENT_RANK PERCENTILE_CONT PERCENTILE_DISC PI POW POWER QUARTER RADIANS RANK REPEAT REPLACE
    REVERSE RIGHT ROUND ROW_NUMBER RTRIM SIGN SIN SPLIT_PART SQRT STARTS_WITH STDDEV STDDEV_POP
    STDDEV_SAMP STRPOS SUBSTR SUBSTRING SUM TAN TRANSLATE TRIM TRUNC UPPER VAR_POP VAR_SAMP YEAR
    """.split()  # noqa: SIM905 - a list of 100 strings would fill 100 lines
)

RENAMED = {
    "APPROX_COUNT_DISTINCT": "approx_count_distinct",
    "BTRIM": "trim",
    "CEILING": "ceil",
    "CHAR_LENGTH": "length",
    "CHARACTER_LENGTH": "length",
    "CHR": "chr",
    "DAYOFMONTH": "day",
    "IFNULL": "coalesce",
    "LCASE": "lower",
    "LISTAGG": "string_agg",
    "NDV": "approx_count_distinct",
    "NVL": "coalesce",
    "RANDOM": "random",
    "RAND": "random",
    "REGEXP_LIKE": "regexp_matches",
    "REGEXP_MATCHES": "regexp_matches",
    "REPEATSTR": "repeat",
    "TRUNCATE": "trunc",
    "UCASE": "upper",
    "VARIANCE": "var_samp",
    "WEEK": "week",
    "WEEKOFYEAR": "week",
    "WEEK_OF_YEAR": "week",
}

# {n}: the n-th argument. Parsed as DuckDB SQL, arguments put in as trees, never as text.
TEMPLATES: dict[str, dict[int, str]] = {
    "CURRENT_DATE": {0: "CAST(now() AS DATE)"},
    "CURRENT_TIMESTAMP": {0: "CAST(now() AS TIMESTAMP)"},
    "CONTAINS": {2: "contains({0}, {1})"},
    "DATEDIFF": {2: "CAST(date_diff('day', CAST({1} AS DATE), CAST({0} AS DATE)) AS INTEGER)"},
    "DATETYPE": {3: "make_date({0}, {1}, {2})"},
    "DAYOFWEEK": {1: "dayofweek({0}) + 1"},
    "ENDS_WITH": {2: "ends_with({0}, {1})"},
    "HASHSHA256": {1: "sha256({0})"},
    "IIF": {3: "CASE WHEN {0} THEN {1} ELSE {2} END"},
    "INITCAP": {
        1: "array_to_string(list_transform(string_split(lower({0}), ' '),"
        " lambda w: upper(substring(w, 1, 1)) || substring(w, 2)), ' ')"
    },
    "INSTR": {2: "strpos({0}, {1})"},
    "ISNULL": {1: "{0} IS NULL"},
    "LAST_DAY": {1: "last_day(CAST({0} AS DATE))"},
    "LOCATE": {2: "strpos({1}, {0})"},
    "LOG": {1: "ln({0})", 2: "ln({1}) / ln({0})"},
    "LPAD": {2: "lpad({0}, CAST({1} AS INTEGER), ' ')", 3: "lpad({0}, CAST({1} AS INTEGER), {2})"},
    "MONTHS_BETWEEN": {
        2: "date_sub('month', CAST({1} AS TIMESTAMP), CAST({0} AS TIMESTAMP)) + CASE WHEN"
        " day(CAST({0} AS DATE)) = day(CAST({1} AS DATE)) OR (CAST({0} AS DATE) = last_day(CAST({0} AS DATE))"
        " AND CAST({1} AS DATE) = last_day(CAST({1} AS DATE))) THEN 0 ELSE ((day(CAST({0} AS DATE))"
        " - day(CAST({1} AS DATE)) + 31) % 31) / CAST(31 AS DOUBLE) END"
    },
    "NOW": {0: "CAST(now() AS TIMESTAMP)"},
    "NVL2": {3: "CASE WHEN {0} IS NOT NULL THEN {1} ELSE {2} END"},
    "REGEXP_EXTRACT": {2: "regexp_extract({0}, {1})", 3: "regexp_extract({0}, {1}, {2})"},
    "REGEXP_REPLACE": {3: "regexp_replace({0}, {1}, {2}, 'g')"},
    "RPAD": {2: "rpad({0}, CAST({1} AS INTEGER), ' ')", 3: "rpad({0}, CAST({1} AS INTEGER), {2})"},
    "SECOND": {1: "second(CAST({0} AS TIMESTAMP))"},
    "SHA256": {1: "sha256({0})"},
    "SPACE": {1: "repeat(' ', {0})"},
    "TO_NUMBER": {1: "CAST({0} AS DOUBLE)"},
    "UNIX_TIMESTAMP": {0: "CAST(epoch(now()) AS BIGINT)", 1: "CAST(epoch(CAST({0} AS TIMESTAMP)) AS BIGINT)"},
}

UNITS = {
    "YEAR": (1, "YEAR"),
    "QUARTER": (3, "MONTH"),
    "MONTH": (1, "MONTH"),
    "WEEK": (7, "DAY"),
    "DAY": (1, "DAY"),
    "HOUR": (1, "HOUR"),
    "MINUTE": (1, "MINUTE"),
    "SECOND": (1, "SECOND"),
    "MILLISECOND": (1, "MILLISECOND"),
    "MICROSECOND": (1, "MICROSECOND"),
}
TRUNC_UNITS = frozenset(["DECADE", "CENTURY", "MILLENNIUM"]) | set(UNITS)
PART_UNITS = frozenset(["DOW", "DOY", "EPOCH"]) | TRUNC_UNITS

WINDOW_TYPES: dict[str, type[exp.Func]] = {
    "FIRST_VALUE": exp.FirstValue,
    "LAST_VALUE": exp.LastValue,
    "NTH_VALUE": exp.NthValue,
    "LAG": exp.Lag,
    "LEAD": exp.Lead,
}


def build(template: str, arguments: Arguments) -> exp.Expr:
    """DuckDB's tree for a template with the arguments in their places."""
    tree = sqlglot.parse_one(
        template.format(*(f"__argument_{i}" for i in range(len(arguments)))), dialect="duckdb"
    )
    for column in list(tree.find_all(exp.Column)):
        if column.name.startswith("__argument_"):
            argument = arguments[int(column.name.removeprefix("__argument_"))].copy()
            if isinstance(argument, exp.Binary | exp.Unary | exp.Between | exp.In):
                argument = exp.Paren(this=argument)
            if column is tree:
                tree = argument
            else:
                column.replace(argument)
    return exp.Paren(this=tree) if isinstance(tree, exp.Binary) else tree


def translate_function(name: str, arguments: Arguments, where: str) -> exp.Expr:
    """DuckDB's expression for a Dremio function call. Raises Unsupported with the name and position."""
    upper = name.upper()
    if upper in RULES:
        return RULES[upper](arguments)
    if upper in WINDOW_TYPES:
        return WINDOW_TYPES[upper].from_arg_list(arguments)
    if upper in SAME:
        return exp.Anonymous(this=upper.lower(), expressions=arguments)
    if RENAMED.get(upper):
        return exp.Anonymous(this=RENAMED[upper], expressions=arguments)
    if upper in TEMPLATES:
        template = TEMPLATES[upper].get(len(arguments))
        if template is None:
            raise InvalidStatement(
                f"VALIDATION ERROR: Invalid number of arguments to function '{upper}'{where}."
            )
        return build(template, arguments)
    raise Unsupported(
        f"VALIDATION ERROR: No match found for function signature {upper}{where}: the embedded"
        " engine does not have this function."
    )


def unit_of(node: exp.Expr) -> str:
    """The time unit an argument names: a bare word or a literal, with or without SQL_TSI_."""
    name = node.name.upper().removeprefix("SQL_TSI_")
    if name not in PART_UNITS:
        raise InvalidStatement(f"VALIDATION ERROR: [{node.name}] is not a time unit.")
    return name


def interval_of(amount: exp.Expr, unit: str) -> exp.Expr:
    """`amount` units as an interval; the amount may be any integer expression."""
    if unit not in UNITS:
        raise InvalidStatement(f"VALIDATION ERROR: [{unit}] is not a unit of intervals.")
    factor, base = UNITS[unit]
    return build(f"(CAST({{0}} AS BIGINT) * INTERVAL '{factor}' {base})", [amount])


def _date_trunc(a: Arguments) -> exp.Expr:
    _expect("DATE_TRUNC", a, 2)
    unit = unit_of(a[0])
    if unit not in TRUNC_UNITS:
        raise InvalidStatement(f"VALIDATION ERROR: DATE_TRUNC has no unit [{unit}].")
    return exp.Anonymous(this="dremio_date_trunc", expressions=[exp.Literal.string(unit.lower()), a[1]])


def _date_part(a: Arguments) -> exp.Expr:
    _expect("DATE_PART", a, 2)
    return extract(unit_of(a[0]), a[1])


def extract(unit: str, value: exp.Expr) -> exp.Expr:
    """EXTRACT with Dremio's numbering: Sunday is 1."""
    if unit not in PART_UNITS:
        raise InvalidStatement(f"VALIDATION ERROR: EXTRACT has no unit [{unit}].")
    text = f"extract({unit.lower()} FROM {{0}})"
    return build(f"({text} + 1)" if unit == "DOW" else f"CAST({text} AS BIGINT)", [value])


def _timestampdiff(a: Arguments) -> exp.Expr:
    _expect("TIMESTAMPDIFF", a, 3)
    unit = unit_of(a[0]).lower()
    return build(
        f"CAST(date_sub('{unit}', CAST({{0}} AS TIMESTAMP), CAST({{1}} AS TIMESTAMP)) AS INTEGER)", a[1:]
    )


def _timestampadd(a: Arguments) -> exp.Expr:
    _expect("TIMESTAMPADD", a, 3)
    return build("(CAST({0} AS TIMESTAMP) + {1})", [a[2], interval_of(a[1], unit_of(a[0]))])


def _date_shift(name: str, sign: str) -> Rule:
    def rule(a: Arguments) -> exp.Expr:
        _expect(name, a, 2)
        if isinstance(a[1], exp.Interval) or a[1].find(exp.Interval):
            return build(f"(CAST({{0}} AS TIMESTAMP) {sign} {{1}})", a)
        return build(f"(CAST({{0}} AS DATE) {sign} CAST({{1}} AS INTEGER))", a)

    return rule


def _literal(name: str, node: exp.Expr) -> str:
    if not (isinstance(node, exp.Literal) and node.is_string):
        raise Unsupported(f"{name} needs a format that is a literal.")
    return str(node.this)


def _to_moment(name: str, duckdb_type: str) -> Rule:
    def rule(a: Arguments) -> exp.Expr:
        if len(a) == 1:
            if isinstance(a[0], exp.Literal) and a[0].is_string:
                return build(f"CAST({{0}} AS {duckdb_type})", a)
            return build(f"CAST(to_timestamp({{0}}) AS {duckdb_type})", a)
        if len(a) not in (2, 3):
            raise InvalidStatement(f"VALIDATION ERROR: Invalid number of arguments to function '{name}'.")
        # The third argument 1 asks for NULL in place of an error.
        parser = "try_strptime" if len(a) == 3 and a[2].name == "1" else "strptime"
        pattern = exp.Literal.string(duckdb_format(_literal(name, a[1])))
        return build(f"CAST({parser}({{0}}, {{1}}) AS {duckdb_type})", [a[0], pattern])

    return rule


def _to_char(a: Arguments) -> exp.Expr:
    _expect("TO_CHAR", a, 2)
    pattern = _literal("TO_CHAR", a[1])
    if set(pattern) <= set("#0,.%$ "):
        decimals = len(pattern.partition(".")[2].rstrip("% "))
        grouping = "," if "," in pattern else ""
        return build(
            "format({1}, CAST({0} AS DOUBLE))", [a[0], exp.Literal.string(f"{{:{grouping}.{decimals}f}}")]
        )
    return build("strftime({0}, {1})", [a[0], exp.Literal.string(duckdb_format(pattern))])


def _ilike(a: Arguments) -> exp.Expr:
    if len(a) not in (2, 3):
        raise InvalidStatement("VALIDATION ERROR: Invalid number of arguments to function 'ILIKE'.")
    return build("({0} ILIKE {1} ESCAPE {2})" if len(a) == 3 else "({0} ILIKE {1})", a)


def _like(a: Arguments) -> exp.Expr:
    _expect("LIKE", a, 2)
    return build("({0} LIKE {1})", a)


def _expect(name: str, a: Arguments, count: int) -> None:
    if len(a) != count:
        raise InvalidStatement(
            f"VALIDATION ERROR: Invalid number of arguments to function '{name}': {len(a)}."
        )


RULES: dict[str, Rule] = {
    "DATE_TRUNC": _date_trunc,
    "DATE_PART": _date_part,
    "TIMESTAMPDIFF": _timestampdiff,
    "TIMESTAMPADD": _timestampadd,
    "DATE_ADD": _date_shift("DATE_ADD", "+"),
    "DATE_SUB": _date_shift("DATE_SUB", "-"),
    "TO_TIMESTAMP": _to_moment("TO_TIMESTAMP", "TIMESTAMP"),
    "TO_DATE": _to_moment("TO_DATE", "DATE"),
    "TO_TIME": _to_moment("TO_TIME", "TIME"),
    "TO_CHAR": _to_char,
    "DATE_FORMAT": _to_char,
    "ILIKE": _ilike,
    "LIKE": _like,
}
