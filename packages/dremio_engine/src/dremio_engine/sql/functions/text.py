"""Strings, patterns, digests. Source: docs.dremio.com, String, Regular Expressions, Cryptography."""

import re

from sqlglot import exp

from dremio_engine.errors import Unsupported
from dremio_engine.sql.functions.signature import Arguments, Function, build, expect, f, literal, ruled

_WORDS = r"regexp_extract_all(lower({0}), '[\p{{L}}\p{{N}}]+|[^\p{{L}}\p{{N}}]+')"
_MASK = (
    "regexp_replace(regexp_replace(regexp_replace({text}, '\\p{{{{Lu}}}}', 'X', 'g'),"
    " '\\p{{{{Ll}}}}', 'x', 'g'), '[0-9]', 'n', 'g')"
)
_BEFORE = "array_to_string(list_slice(string_split({0}, {1}), 1, CAST({2} AS INTEGER)), {1})"
_AFTER = "array_to_string(list_slice(string_split({0}, {1}), CAST({2} AS INTEGER), -1), {1})"

# A text that a function makes may not be longer: DuckDB neither counts such texts as memory nor lets itself
# be interrupted while it writes them, and it takes 2,048 rows at a time. Dremio's own fields end at 32,000.
LONGEST_TEXT = 65_536
TOO_LONG = f"error('the text would be longer than {LONGEST_TEXT} characters')"
MACROS = (
    "create or replace macro dremio_repeat(s, n) as"
    f" case when length(s) * n::hugeint > {LONGEST_TEXT} then {TOO_LONG} else repeat(s, n) end",
    f"create or replace macro dremio_width(n) as case when n > {LONGEST_TEXT} then {TOO_LONG}"
    " else cast(n as integer) end",
    # As Gandiva counts: 0 is 1, a place before the first character and no length give an empty text.
    "create or replace macro dremio_substring(s, p) as"
    " case when p < -length(s) then '' when p = 0 then s else substring(s, p) end,"
    " (s, p, n) as case when s is null or p is null or n is null then null"
    " when n <= 0 or p < -length(s) then '' else substring(s, case when p = 0 then 1 else p end, n) end",
    "create or replace macro dremio_overlay(s, r, p, n) as"
    " cast(left(s, greatest(p - 1, 0)) || r || substring(s, greatest(p + n, 1)) as varchar)",
    "create or replace macro dremio_locate(part, s) as"
    " case when part = '' and s is not null then 0 else strpos(s, part) end,"
    " (part, s, p) as case when p < 1 then error('Start position must be greater than 0')"
    " when part = '' and s is not null then 0 * p when strpos(substring(s, p), part) = 0 then 0"
    " else strpos(substring(s, p), part) + p - 1 end",
)


def _masked(text: str) -> str:
    return _MASK.format(text=text)


def _head(count: str) -> str:
    return f"left({{0}}, {count})"


def _tail(count: str) -> str:
    return f"substring({{0}}, {count} + 1)"


def _split(mask_head: bool, from_end: bool) -> Function:
    def template(number: str) -> str:
        count = f"greatest(length({{0}}) - {number}, 0)" if from_end else number
        head, tail = _head(count), _tail(count)
        return f"{_masked(head)} || {tail}" if mask_head else f"{head} || {_masked(tail)}"

    return f("VARCHAR", template("4"), template("CAST({1} AS INTEGER)"))


def similar_to_regex(pattern: str, escape: str = "") -> str:
    """SQL's pattern as a regular expression for the whole text: `%` and `_` beside `| * + ? () []`."""
    parts, at = [], 0
    while at < len(pattern):
        char = pattern[at]
        if escape and char == escape and at + 1 < len(pattern):
            at += 1
            parts.append(re.escape(pattern[at]))
        else:
            parts.append({"%": ".*", "_": "."}.get(char, char if char in "|*+?()[]{}^-" else re.escape(char)))
        at += 1
    return f"(?s:{''.join(parts)})"


def similar_to(value: exp.Expr, pattern: exp.Expr, escape: exp.Expr | None) -> exp.Expr:
    """`value SIMILAR TO pattern`; the pattern must be a literal."""
    mark = literal("SIMILAR TO .. ESCAPE", escape) if escape is not None else ""
    regex = similar_to_regex(literal("SIMILAR TO", pattern), mark)
    return build("regexp_full_match({0}, {1})", [value, exp.Literal.string(regex)])


def _substr(a: Arguments) -> exp.Expr:
    expect("SUBSTR", a, 2, 3)
    if len(a) == 2 and isinstance(a[1], exp.Literal) and a[1].is_string:
        return build("nullif(regexp_extract({0}, {1}), '')", a)
    if all(_is_above_zero(number) for number in a[1:]):
        return build("substring({0}, {1}, {2})" if len(a) == 3 else "substring({0}, {1})", a)
    return exp.Anonymous(this="dremio_substring", expressions=a)


def _is_above_zero(node: exp.Expr) -> bool:
    return (
        isinstance(node, exp.Literal) and not node.is_string and node.name.isdecimal() and int(node.name) > 0
    )


def _ilike(a: Arguments) -> exp.Expr:
    expect("ILIKE", a, 2, 3)
    return _matches(exp.ILike(this=a[0], expression=a[1]), a[2:])


def _like(a: Arguments) -> exp.Expr:
    expect("LIKE", a, 2, 3)
    return _matches(exp.Like(this=a[0], expression=a[1]), a[2:])


def _matches(test: exp.Expr, escape: Arguments) -> exp.Expr:
    if escape:
        test = exp.Escape(this=test, expression=exp.Literal.string(literal("ESCAPE", escape[0])))
    return exp.Paren(this=test)


def _regexp_split(a: Arguments) -> exp.Expr:
    """FIRST and ALL; LAST and INDEX count matches in a way DuckDB cannot follow."""
    expect("REGEXP_SPLIT", a, 4)
    keyword = literal("REGEXP_SPLIT", a[2]).upper()
    if keyword == "ALL":
        return build(
            "list_slice(regexp_split_to_array({0}, {1}), 1, CAST({2} AS INTEGER))", [a[0], a[1], a[3]]
        )
    if keyword == "FIRST":
        return build(
            "list_transform([regexp_extract({0}, {1})], lambda __item: [left({0}, strpos({0}, __item) - 1),"
            " substring({0}, strpos({0}, __item) + length(__item))])[1]",
            a[:2],
        )
    raise Unsupported(f"REGEXP_SPLIT with the keyword [{keyword}] is not supported by the embedded engine.")


TEXT: dict[str, Function] = {
    "ASCII": f("INTEGER", "ascii({0})"),
    "BIT_LENGTH": f("INTEGER", "octet_length(encode({0})) * 8"),
    "BTRIM": f("VARCHAR", "trim({0})", "trim({0}, {1})"),
    "CHARACTER_LENGTH": f("INTEGER", "length({0})"),
    "CHAR_LENGTH": f("INTEGER", "length({0})"),
    "CHR": f("VARCHAR", "chr(CAST({0} AS INTEGER))"),
    "COL_LIKE": f("BOOLEAN", "({0} LIKE {1})"),
    "CONCAT": f("VARCHAR", "concat({*})"),
    "CONCAT_WS": f("VARCHAR", "concat_ws({*})"),
    "ENDS_WITH": f("BOOLEAN", "ends_with({0}, {1})"),
    "HASHMD5": f("VARCHAR", "md5({0})"),
    "HASHSHA1": f("VARCHAR", "sha1({0})"),
    "HASHSHA256": f("VARCHAR", "sha256({0})"),
    "ILIKE": ruled("BOOLEAN", _ilike),
    "INITCAP": f(
        "VARCHAR",
        f"array_to_string(list_transform({_WORDS}, lambda __item: upper(left(__item, 1))"
        " || substring(__item, 2)), '')",
    ),
    "INSTR": f("INTEGER", "strpos({0}, {1})"),
    "IS_SUBSTR": f("BOOLEAN", "contains({0}, {1})"),
    "LCASE": f("VARCHAR", "lower({0})"),
    "LEFT": f("VARCHAR", "left({0}, {1})"),
    "LENGTH": f("INTEGER", "length({0})"),
    "LEVENSHTEIN": f("INTEGER", "levenshtein({0}, {1})"),
    "LIKE": ruled("BOOLEAN", _like),
    "LOCATE": f("INTEGER", "dremio_locate({0}, {1})", "dremio_locate({0}, {1}, {2})"),
    "LOWER": f("VARCHAR", "lower({0})"),
    "LPAD": f("VARCHAR", "lpad({0}, dremio_width({1}), ' ')", "lpad({0}, dremio_width({1}), {2})"),
    "LTRIM": f("VARCHAR", "ltrim({0})", "ltrim({0}, {1})"),
    "MASK": f("VARCHAR", _masked("{0}")),
    "MASK_FIRST_N": _split(mask_head=True, from_end=False),
    "MASK_LAST_N": _split(mask_head=False, from_end=True),
    "MASK_SHOW_FIRST_N": _split(mask_head=False, from_end=False),
    "MASK_SHOW_LAST_N": _split(mask_head=True, from_end=True),
    "MD5": f("VARCHAR", "md5({0})"),
    "OCTET_LENGTH": f("INTEGER", "octet_length(encode({0}))"),
    "OVERLAY": f(
        "VARCHAR", "dremio_overlay({0}, {1}, {2}, length({1}))", "dremio_overlay({0}, {1}, {2}, {3})"
    ),
    "REGEXP_COL_LIKE": f("BOOLEAN", "regexp_matches({0}, {1})"),
    "REGEXP_COL_MATCHES": f("BOOLEAN", "regexp_matches({0}, {1})"),
    "REGEXP_EXTRACT": f(
        "VARCHAR", "regexp_extract({0}, {1})", "regexp_extract({0}, {1}, CAST({2} AS INTEGER))"
    ),
    "REGEXP_LIKE": f("BOOLEAN", "regexp_matches({0}, {1})"),
    "REGEXP_MATCHES": f("BOOLEAN", "regexp_matches({0}, {1})"),
    "REGEXP_REPLACE": f("VARCHAR", "regexp_replace({0}, {1}, {2}, 'g')"),
    "REGEXP_SPLIT": ruled("VARCHAR[]", _regexp_split),
    "REPEAT": f("VARCHAR", "dremio_repeat({0}, CAST({1} AS INTEGER))"),
    "REPEATSTR": f("VARCHAR", "dremio_repeat({0}, CAST({1} AS INTEGER))"),
    "REPLACE": f("VARCHAR", "replace({0}, {1}, {2})"),
    "REVERSE": f("VARCHAR", "reverse({0})"),
    "RIGHT": f("VARCHAR", "right({0}, {1})"),
    "RPAD": f("VARCHAR", "rpad({0}, dremio_width({1}), ' ')", "rpad({0}, dremio_width({1}), {2})"),
    "RTRIM": f("VARCHAR", "rtrim({0})", "rtrim({0}, {1})"),
    "SHA": f("VARCHAR", "sha1({0})"),
    "SHA1": f("VARCHAR", "sha1({0})"),
    "SHA256": f("VARCHAR", "sha256({0})"),
    "SPACE": f("VARCHAR", "dremio_repeat(' ', {0})"),
    "SPLIT_PART": f("VARCHAR", "split_part({0}, {1}, {2})"),
    "STARTS_WITH": f("BOOLEAN", "starts_with({0}, {1})"),
    "STRPOS": f("INTEGER", "dremio_locate({1}, {0})"),
    "SUBSTR": ruled("VARCHAR", _substr),
    "SUBSTRING": ruled("VARCHAR", _substr),
    "SUBSTRING_INDEX": f("VARCHAR", f"CASE WHEN {{2}} >= 0 THEN {_BEFORE} ELSE {_AFTER} END"),
    "TRANSLATE": f("VARCHAR", "translate({0}, {1}, {2})"),
    "UCASE": f("VARCHAR", "upper({0})"),
    "UPPER": f("VARCHAR", "upper({0})"),
}

# Places of arguments that are not texts; at every other place a value becomes one by itself.
_OTHER_PLACES: dict[str, tuple[int, ...]] = {
    "CHR": (0,),
    "LEFT": (1,),
    "LOCATE": (2,),
    "LPAD": (1,),
    **dict.fromkeys(["MASK_FIRST_N", "MASK_LAST_N", "MASK_SHOW_FIRST_N", "MASK_SHOW_LAST_N"], (1,)),
    "OVERLAY": (2, 3),
    "REGEXP_EXTRACT": (2,),
    "REGEXP_SPLIT": (3,),
    "REPEAT": (1,),
    "REPEATSTR": (1,),
    "RIGHT": (1,),
    "RPAD": (1,),
    "SPACE": (0,),
    "SPLIT_PART": (2,),
    "SUBSTR": (1, 2),
    "SUBSTRING": (1, 2),
    "SUBSTRING_INDEX": (2,),
}
# A digest of a number is one of its bytes in Dremio, which cannot be had here.
_DIGESTS = frozenset(["HASHMD5", "HASHSHA1", "HASHSHA256", "MD5", "SHA", "SHA1", "SHA256"])


def takes_text(name: str, place: int) -> bool:
    """Whether a function wants a text as its argument at a place, counted from 0."""
    return name in TEXT and name not in _DIGESTS and place not in _OTHER_PLACES.get(name, ())
