"""Dremio's format strings in DuckDB's terms: dates (docs.dremio.com, Date/Time Formatting) and numbers.

Dates follow Dremio's JodaDateValidator: tokens ignore case, only `* - / , . ; :` and blanks stand
between them, anything else goes in double quotes. Numbers follow java.text.DecimalFormat.
"""

import re
from dataclasses import dataclass

from dremio_engine.errors import InvalidStatement, Unsupported

# Dremio's token -> strftime/strptime.
TOKENS = {
    "YYYY": "%Y",
    "YY": "%y",
    "MONTH": "%B",
    "MON": "%b",
    "MM": "%m",
    "DDD": "%j",
    "DD": "%d",
    "DAY": "%A",
    "DY": "%a",
    "HH24": "%H",
    "HH12": "%I",
    "HH": "%I",
    "MI": "%M",
    "SS": "%S",
    "FFF": "%g",
    "AMPM": "%p",
    "AM": "%p",
    "PM": "%p",
    "WW": "%V",
}
# Every moment is written in UTC.
_ABBREVIATION, _OFFSET = "'UTC'", "'+00:00'"
# Tokens that strftime does not have, as expressions on the moment {0}; but for zones they are not read.
WRITTEN_ONLY = {
    "AD": "CASE WHEN year({0}) > 0 THEN 'AD' ELSE 'BC' END",
    "BC": "CASE WHEN year({0}) > 0 THEN 'AD' ELSE 'BC' END",
    "CC": "CAST(year({0}) // 100 AS VARCHAR)",
    "D": "CAST(dayofweek({0}) + 1 AS VARCHAR)",
    "FF": "left(strftime({0}, '%g'), 2)",
    "F": "left(strftime({0}, '%g'), 1)",
    "TZD": _ABBREVIATION,
    "TZO": _OFFSET,
    "TZH:TZM": _OFFSET,
}
_SEPARATORS = "*-/,.;: "
_SCAN = re.compile(
    '"[^"]*"|' + "|".join(sorted([*TOKENS, *WRITTEN_ONLY], key=len, reverse=True)) + "|[A-Za-z]+|.",
    re.IGNORECASE | re.DOTALL,
)
_NUMBER = re.compile(r"(?P<head>[$]?)(?P<whole>[#0,]*)(?:\.(?P<part>0*#*))?(?P<tail>%?)")


def date_pieces(pattern: str) -> list[tuple[bool, str]]:
    """The pattern cut up: (True, a strftime pattern) or (False, an expression of WRITTEN_ONLY)."""
    pieces: list[tuple[bool, str]] = []
    for found in _SCAN.findall(pattern):
        upper = found.upper()
        if upper in WRITTEN_ONLY:
            pieces.append((False, WRITTEN_ONLY[upper]))
            continue
        if upper in TOKENS:
            text = TOKENS[upper]
        elif found.startswith('"') and len(found) > 1:
            text = found[1:-1].replace("%", "%%")
        elif found in _SEPARATORS:
            text = found
        else:
            raise InvalidStatement(
                f"FUNCTION ERROR: Invalid date format string '{pattern}': [{found}] is neither a token nor"
                " one of the separators * - / , . ; : and blank; other text goes in double quotes."
            )
        if pieces and pieces[-1][0]:
            pieces[-1] = (True, pieces[-1][1] + text)
        else:
            pieces.append((True, text))
    return pieces


def reading_format(pattern: str) -> str:
    """The strptime pattern; an abbreviation of a zone must be an offset in the text. Raises Unsupported."""
    pieces = date_pieces(pattern)
    if reads_abbreviation(pattern):
        pieces[-1] = (False, _OFFSET)
    texts = ["%z" if text == _OFFSET and not plain else text for plain, text in pieces]
    if any(not plain and text != _OFFSET for plain, text in pieces) or "%V" in "".join(texts):
        raise Unsupported(
            f"Reading a date by the format [{pattern}] is not supported by the embedded engine."
        )
    return "".join(texts)


def reads_abbreviation(pattern: str) -> bool:
    """Whether a date ends with the abbreviation of a time zone."""
    return date_pieces(pattern)[-1:] == [(False, _ABBREVIATION)]


@dataclass(frozen=True)
class NumberFormat:
    """A DecimalFormat: digits after the point at least and at most, digits before it at least."""

    head: str
    grouped: bool
    whole: int
    least: int
    most: int
    tail: str


def is_number_format(pattern: str) -> bool:
    """Whether TO_CHAR's pattern is one for numbers."""
    return bool(re.search("[#0]", pattern)) and not re.search("[A-Za-z]", pattern)


def number_format(pattern: str) -> NumberFormat:
    """The parts of a DecimalFormat pattern. Raises Unsupported for other forms than $#,##0.00%."""
    found = _NUMBER.fullmatch(pattern)
    if found is None or not re.fullmatch(r"[#,]*[0,]*", found["whole"]):
        raise Unsupported(f"Number format [{pattern}] is not supported by the embedded engine.")
    part, whole = found["part"] or "", found["whole"]
    least = part.count("0")
    digits = whole.count("0")
    if not digits and not least and whole:
        digits = 1
    return NumberFormat(found["head"], "," in whole, digits, least, len(part), found["tail"])
