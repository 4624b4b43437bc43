"""Texts to numbers that are exactly what the text says; any other text stays one."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Final

LARGEST_INTEGER: Final = 2**63 - 1
LARGEST_EXACT: Final = 2**53
"""Up to here a double holds every integer."""
_SURELY_EXACT: Final = 15
"""A double holds every number of so many digits, if it has no exponent."""
_LONGEST_INTEGER: Final = 20
_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_SIGNIFICANT = re.compile(r"[1-9]")


def json_float(text: str) -> float | str:
    """A JSON number with a fraction or an exponent."""
    value = _exact(text)
    return text if value is None else value


def csv_integer(text: str) -> int | str:
    """Decimal digits, with or without a sign: neither 0x10 nor 1_000 nor 1,000."""
    digits = text.strip()
    if len(digits) > _LONGEST_INTEGER or not _INTEGER.fullmatch(digits):
        return text
    return int(digits)


def csv_number(text: str) -> float | str:
    """A decimal number with a point: neither 1,234.56 nor NaN, nor what a double would round."""
    number = text.strip()
    value = _exact(number) if _NUMBER.fullmatch(number) else None
    return text if value is None else value


def _exact(text: str) -> float | None:
    """None for what a double cannot hold: too large, too small, too many digits."""
    value = float(text)
    if repr(value) == text:
        return value
    mantissa, _, exponent = text.lower().partition("e")
    if len(mantissa) <= _SURELY_EXACT and not exponent:
        return value
    if math.isinf(value):
        return None
    if value == 0:
        return None if _SIGNIFICANT.search(mantissa) else value
    return value if Decimal(repr(value)) == Decimal(text) else None
