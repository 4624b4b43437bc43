"""Types and keys guessed from a sample of records, where a source declares none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any, Final

import pyarrow as pa

from lakehouse.bronze.casting import cast_column
from lakehouse.onboarding.profiling.names import column_problem, suggested
from lakehouse.onboarding.profiling.profile import ColumnProfile

Record = Mapping[str, Any]

_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})")
"""Without a leading zero: 01234 is a code, not a number."""
_DECIMAL: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,9})?")
_TRUTH: Final = frozenset({"true", "false", "True", "False", "TRUE", "FALSE"})
_TIMES: Final = {"date": pa.date32(), "timestamp": pa.timestamp("us")}
_NUMBER: Final = re.compile(r"[+-]?([0-9]*\.)?[0-9]+([eE][+-]?[0-9]+)?")
_USUAL_DIGITS: Final = 18
_LARGEST_INTEGER: Final = 2**63 - 1
_MOST_KEY_COLUMNS: Final = 3
_KEY_CANDIDATES: Final = 6
_KEY_NAMES: Final = re.compile(r"(^|_)(id|uuid|guid|key|code|number|no|nr|sku)$", re.IGNORECASE)
_KEY_TYPES: Final = frozenset({"int", "bigint", "varchar", "date", "timestamp"})


def guessed_columns(records: Sequence[Record], remedy: str) -> tuple[ColumnProfile, ...]:
    """A column for every name, in the order in which they appear; a value that is absent is null.

    `remedy` as in `column_problem`.
    """
    names = dict.fromkeys(name for record in records for name in record)
    return tuple(_guessed(name, [record.get(name) for record in records], remedy) for name in names)


def guessed_key(columns: Sequence[ColumnProfile], records: Sequence[Record]) -> tuple[str, ...]:
    """The columns whose values tell every record of the sample from every other; empty if none do.

    One that is named like a key comes first, then the fewest columns, those on the left before others.
    """
    fit = [
        column.name
        for column in columns
        if not column.nullable and not column.unsupported and column.contract_type in _KEY_TYPES
    ]
    named = [name for name in fit if _KEY_NAMES.search(suggested(name))]
    for name in named:
        if _tells_apart((name,), records):
            return (name,)
    leading = fit[:_KEY_CANDIDATES]
    # Not one column alone: that a name is not repeated in a sample says little.
    for count in range(2, _MOST_KEY_COLUMNS + 1):
        for names in combinations(leading, count):
            if _tells_apart(names, records):
                return names
    return ()


def _tells_apart(names: tuple[str, ...], records: Sequence[Record]) -> bool:
    seen = {tuple(str(record.get(name)) for name in names) for record in records}
    return bool(records) and len(seen) == len(records)


def _guessed(name: str, values: Sequence[Any], remedy: str) -> ColumnProfile:
    present = [value for value in values if value is not None]
    kind, note = guessed_type(present)
    return ColumnProfile(
        name=name,
        contract_type=kind,
        nullable=len(present) < len(values),
        source_type=_shown(present),
        unsupported=column_problem(name, remedy),
        note=note,
    )


def guessed_type(values: Sequence[Any]) -> tuple[str, str]:
    """The contract type that holds every value as it is, and what a reader should know of it."""
    kinds = {type(value) for value in values}
    if not kinds:
        return "varchar", "no value in the sample"
    if kinds <= {dict, list}:
        return "varchar", "as JSON text"
    if kinds == {bool}:
        return "boolean", ""
    if kinds == {int}:
        fits = all(abs(value) <= _LARGEST_INTEGER for value in values)
        return ("bigint", "") if fits else ("varchar", "as text: the numbers are too large for a bigint")
    if kinds <= {int, float}:
        return "double", ""
    if kinds == {str}:
        return _type_of_texts(values), ""
    return "varchar", "as text: the sample has values of several types"


def _type_of_texts(texts: Sequence[str]) -> str:
    if _TRUTH.issuperset(texts):
        return "boolean"
    if all(map(_INTEGER.fullmatch, texts)):
        return "bigint"
    if all(map(_DECIMAL.fullmatch, texts)):
        scale = max(len(text.partition(".")[2]) for text in texts)
        return f"decimal({_USUAL_DIGITS + scale},{scale})" if scale else "bigint"
    if all(map(_NUMBER.fullmatch, texts)) and not any(map(_has_leading_zero, texts)):
        return "double"
    if not _is_date_like(texts):
        return "varchar"
    for name, kind in _TIMES.items():
        # What bronze will do with the texts decides, not a guess beside it.
        if cast_column(pa.array(texts, pa.string()), kind)[1] is None:
            return name
    return "varchar"


def _has_leading_zero(text: str) -> bool:
    return re.match(r"[+-]?0[0-9]", text) is not None


def _is_date_like(texts: Iterable[str]) -> bool:
    return all(re.match(r"\s*[0-9]{4}-[0-9]{2}-[0-9]{2}", text) for text in texts)


def _shown(values: Sequence[Any]) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "text", dict: "object", list: "array"}
    return (
        " or ".join(sorted({names.get(type(value), type(value).__name__) for value in values})) or "unknown"
    )
