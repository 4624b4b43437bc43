"""Dremio's date formats (Oracle's style) as DuckDB's strftime/strptime patterns."""

import re

from embedded.dremio.errors import Unsupported

# Longest first. docs.dremio.com, "Date/Time Formatting".
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
    "FFFFFF": "%f",
    "FFF": "%g",
    "AM": "%p",
    "PM": "%p",
    "TZD": "%Z",
    "TZO": "%z",
    "WW": "%W",
}
_SCAN = re.compile(
    '"[^"]*"|' + "|".join(sorted(TOKENS, key=len, reverse=True)) + "|[A-Za-z]+|.", re.IGNORECASE | re.DOTALL
)


def duckdb_format(pattern: str) -> str:
    """The strftime/strptime pattern for a Dremio format. Raises Unsupported naming an unknown token."""
    parts = []
    for found in _SCAN.findall(pattern):
        token = TOKENS.get(found.upper())
        if token:
            parts.append(token)
        elif found.startswith('"'):
            parts.append(found[1:-1].replace("%", "%%"))
        elif found in ("T", "Z"):
            parts.append(found)
        elif found.isalpha():
            raise Unsupported(f"Date format token [{found}] in [{pattern}] is not supported.")
        else:
            parts.append(found.replace("%", "%%"))
    return "".join(parts)
