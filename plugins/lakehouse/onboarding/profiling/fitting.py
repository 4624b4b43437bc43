"""Which values of one type are values of another: contract types, by their names."""

from __future__ import annotations

import re
from typing import Final

_DECIMAL: Final = re.compile(r"decimal\((\d+),(\d+)\)")
_DIGITS: Final = {"int": 10, "bigint": 19}
_NUMBERS: Final = ("int", "bigint", "double", "decimal")


def type_holds(wanted: str, seen: str, source_type: str) -> bool:
    """Does a contract's type take every value of a column?

    Args:
        wanted: the contract's type.
        seen: the contract type that the source's column has by itself.
        source_type: the source's name for its type; `unknown` of a column that was never seen with a value.
    """
    if wanted in (seen, "varchar") or source_type == "unknown":
        return True
    if seen == "varchar":
        # A numeric without a precision has no type of its own; a person may know one.
        return source_type == "numeric" and is_number(wanted)
    if wanted == "double":
        return seen in ("int", "double")
    if wanted == "bigint":
        return seen == "int"
    decimal = _DECIMAL.fullmatch(wanted)
    if decimal is None:
        return False
    before_point = int(decimal[1]) - int(decimal[2])
    if seen in _DIGITS:
        return before_point >= _DIGITS[seen]
    narrower = _DECIMAL.fullmatch(seen)
    return narrower is not None and (
        before_point >= int(narrower[1]) - int(narrower[2]) and int(decimal[2]) >= int(narrower[2])
    )


def is_number(name: str) -> bool:
    """Is it a type of numbers?"""
    return name.startswith(_NUMBERS)
