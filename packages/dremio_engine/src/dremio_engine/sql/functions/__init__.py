"""The one table from Dremio's functions to DuckDB's. What is not in it does not run.

| a function of | stands in |
|---|---|
| dates and times | `dates.py`, `date_additions.py` |
| strings, patterns, digests | `text.py` |
| mathematics, bits | `numbers.py` |
| choices, NULL, boolean tests | `conditionals.py` |
| lists and maps | `collections.py` |
| conversion, formats, JSON, bytes | `conversion.py`, `json_conversion.py` |
| the type of a value | `data_types.py` |
| aggregates and windows | `aggregates.py` |
| what Dremio's reference does not list | `unlisted.py` |

Division, MOD, PMOD and DECIMAL arithmetic: `sql/arithmetic.py`. FLATTEN: `sql/flatten.py`. The user's
functions (USER, QUERY_USER, IS_MEMBER): `sql/translate.py`. Documented at docs.dremio.com and left
out, so refused by name: AES_*, AI_*, CONTAINS, CONVERT_REPLACEUTF8, CRC32, DECRYPT, directory (MAXDIR ..),
ENCODE, ENCRYPT, GEO_*, HASH, HASH64, LAST_QUERY_ID, LIST_FILES, MASK_HASH, NORMALIZE_STRING, PARSE_URL,
QUOTE, SHA512, SOUNDEX, ST_*, TOASCII, and the binary forms of CONVERT_FROM/TO.

Differences that remain, each shown by a test in dialect/test_dialect_differences.py of the unit tests:

- APPROX_COUNT_DISTINCT, NDV and APPROX_PERCENTILE use another sketch: their estimates differ.
- RANDOM with a seed is refused: another generator would give other numbers.
- CONVERT_FROM(column, 'JSON') reads the values once more before the query runs, to learn their type: it
  works in a SELECT over relations that stand for themselves (not in a join's condition, nor in a subquery
  that names outer columns). Members of mixed types are texts.
- An integer that leaves its type is an error; Dremio's wraps around. A DECIMAL of more than 38 digits, or of
  more than its cast has room for, is an error; Dremio gives 0 (docs.dremio.com, Data Types).
- Dates and times in texts are read more freely: '2025/01/31' is a date here.
- A DOUBLE whose type is not known before the query runs (see below) has DuckDB's text, `10000000.0` in place
  of `1.0E7`.
- LAST and INDEX of REGEXP_SPLIT, tokens D, CC, WW, F, and TZD before the end when reading a date are refused.
- Regular expressions are RE2's: no backward references, no look-around.
- DECIMALs inside what has no known type before the query runs (CONVERT_FROM of a literal, functions above
  that say so) divide as DOUBLE.
- A comparison of DECIMALs of at most 18 digits whose rows are on their way to the client when one of more
  digits comes up is an error; in every other place it is computed with all digits.

What the documentation does not say, so that only a Dremio can tell:

- The type of a DECIMAL that ROUND or TRUNCATE cuts to digits from a column: it keeps its scale here.
- The digest of a number (MD5(12)): refused.
- A text in ADD_MONTHS and its sisters: a date, as DATE_ADD has it.
- TYPEOF of dates, times and nested values: the names of Arrow's vectors, as its public source has them.
- OVERLAY with a place before the text or behind it: the text is joined to the end it is nearest to.
- Whether a number in LIKE becomes a text: it does here.
- Which of AVG's last digits a DOUBLE has: SUM is divided by COUNT here.
- Blanks around a whole number in a text, which Gandiva drops and Dremio's Java code refuses: dropped.
"""

from sqlglot import exp

from dremio_engine.errors import Unsupported
from dremio_engine.sql import arithmetic, casts
from dremio_engine.sql.functions import (
    collections,
    conversion,
    data_types,
    date_additions,
    dates,
    numbers,
    text,
    time_zones,
)
from dremio_engine.sql.functions.aggregates import AGGREGATES
from dremio_engine.sql.functions.collections import COLLECTIONS
from dremio_engine.sql.functions.conditionals import CONDITIONALS
from dremio_engine.sql.functions.conversion import CONVERSION
from dremio_engine.sql.functions.data_types import DATA_TYPES
from dremio_engine.sql.functions.date_additions import DATE_ADDITIONS
from dremio_engine.sql.functions.dates import DATES
from dremio_engine.sql.functions.numbers import NUMBERS
from dremio_engine.sql.functions.signature import (
    ANY_NUMBER,
    Arguments,
    Function,
    WrongNumber,
    build,
    wrong_number,
)
from dremio_engine.sql.functions.text import TEXT
from dremio_engine.sql.functions.unlisted import UNLISTED

MACROS = (
    *arithmetic.MACROS,
    *casts.MACROS,
    *data_types.MACROS,
    *date_additions.MACROS,
    *dates.MACROS,
    *collections.MACROS,
    *conversion.MACROS,
    *numbers.MACROS,
    *text.MACROS,
    *time_zones.MACROS,
)

FUNCTIONS: dict[str, Function] = {
    **DATA_TYPES,
    **DATES,
    **DATE_ADDITIONS,
    **TEXT,
    **NUMBERS,
    **CONDITIONALS,
    **COLLECTIONS,
    **CONVERSION,
    **AGGREGATES,
    **UNLISTED,
}


def not_here(name: str, where: str) -> Unsupported:
    """The refusal of a function that the table does not list."""
    return Unsupported(
        f"VALIDATION ERROR: No match found for function signature {name.upper()}{where}: the embedded"
        " engine does not have this function."
    )


def translate_function(name: str, arguments: Arguments, where: str) -> exp.Expr:
    """DuckDB's expression for a call, without the cast to its result type. Raises Unsupported."""
    function = FUNCTIONS.get(name.upper())
    if function is None:
        raise not_here(name, where)
    if function.rule is not None:
        try:
            return function.rule(arguments)
        except WrongNumber:
            raise wrong_number(name.upper(), where) from None
    template = function.templates.get(len(arguments)) or function.templates.get(ANY_NUMBER)
    if template is None or (not arguments and ANY_NUMBER in function.templates):
        raise wrong_number(name.upper(), where)
    return build(template, arguments)
