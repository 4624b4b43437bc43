"""Checking landing rows against their stream's contract."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.bronze.casting import cast_column
from lakehouse.bronze.column_changes import CastCount, new_beside
from lakehouse.bronze.contract import CDC_COLUMNS, Column, Contract
from lakehouse.bronze.nulled import ROW_IS_GONE, nulled_fields
from lakehouse.bronze.python_rows import infinite, time_texts
from lakehouse.landing.columns import CDC_DELETED_AT


@dataclass(frozen=True)
class Checked:
    """A batch in its contract's types.

    `bad` holds, by position in the batch, why a row may not enter bronze: every broken rule of the row.
    """

    batch: pa.RecordBatch
    bad: dict[int, str]
    nulled: Counter[str]
    """Rows by field that the connector left out and the contract lets through."""
    left_out: frozenset[str]
    """Fields that the connector left out in rows that are refused for it."""
    casts: dict[str, CastCount]
    """By column that landed as another type than the contract's."""


def columns_to_check(contract: Contract, landed: pa.Schema) -> list[Column]:
    """The columns whose values can be refused: those with rules, and those of another type than agreed."""
    return [
        column
        for column in contract.columns
        if column.has_rules
        or column.name not in landed.names
        or landed.field(column.name).type != column.type
    ]


def check(batch: pa.RecordBatch, columns: Sequence[Column], contract: Contract) -> Checked:
    """Cast the columns of a landing batch and find the rows that break a rule of the contract.

    A column that is not in the batch is read as NULL, so a missing required column refuses every row. What
    the connector left out is looked for in all columns of the contract, if the batch has Airbyte's notes.
    """
    reasons: defaultdict[int, list[str]] = defaultdict(list)
    arrays: list[pa.Array] = []
    casts: dict[str, CastCount] = {}
    deleted = _deleted(batch)
    truncated = None if deleted is None else _truncated(batch, columns, deleted)
    for column in columns:
        landed = batch.column(column.name) if column.name in batch.schema.names else None
        values, failed = _typed(landed, column, len(batch))
        arrays.append(values)
        if landed is not None and landed.type != column.type:
            casts[column.name] = CastCount(len(values) - values.null_count, _count(failed))
        if failed is not None and landed is not None:
            for position in _positions(failed):
                reasons[position].append(
                    f"{column.name}: {_shown(landed[position])} is not of type {column.type}"
                )
        absent = None if landed is not None else _absent(contract, batch)
        for broken, text in _broken_rules(values, column, absent):
            if failed is not None:
                broken = pc.and_not(broken, failed)
            # Each change must have its place in the log, whatever else it lacks.
            if deleted is not None and column not in CDC_COLUMNS:
                broken = pc.and_not(broken, truncated if column.in_deletions else deleted)
            for position in _positions(broken):
                reasons[position].append(f"{column.name}: {text.format(_shown(values[position]))}")
    nulled, left_out = _left_out(batch, contract, deleted, reasons)
    typed = pa.RecordBatch.from_arrays(arrays, names=[column.name for column in columns])
    bad = {position: "; ".join(texts) for position, texts in sorted(reasons.items())}
    return Checked(typed, bad, nulled, left_out, casts)


def _absent(contract: Contract, batch: pa.RecordBatch) -> str:
    """What to say of a column that is not there; a new one beside it is often the same, renamed."""
    new = new_beside(contract, batch.schema.names)
    return f"the column is missing (new: {', '.join(new)})" if new else "the column is missing"


def _count(mask: pa.Array | None) -> int:
    return 0 if mask is None else int(pc.sum(mask, min_count=0).as_py())


def _left_out(
    batch: pa.RecordBatch, contract: Contract, deleted: pa.Array | None, reasons: dict[int, list[str]]
) -> tuple[Counter[str], frozenset[str]]:
    """Refuse the rows that lack a field because of the connector; the rows by field that may lack it, and the
    fields that rows were refused for."""
    known = {column.name: column for column in contract.columns}
    let_through: Counter[str] = Counter()
    refused = set()
    for position, field, reason in nulled_fields(batch):
        column = known.get(field)
        if column is None or (deleted is not None and deleted[position].as_py()):
            continue  # nobody asks for it, or the row is about to go
        if column.may_be_nulled or (deleted is not None and reason == ROW_IS_GONE):
            let_through[field] += 1
        else:
            refused.add(field)
            reasons[position].append(f"{field}: the connector left its value out ({reason})")
    return let_through, frozenset(refused)


def _deleted(batch: pa.RecordBatch) -> pa.Array | None:
    """Mask of the rows that tell of a deletion: of these the source may know the key only."""
    if CDC_DELETED_AT not in batch.schema.names:
        return None
    return pc.is_valid(batch.column(CDC_DELETED_AT))


def _truncated(batch: pa.RecordBatch, columns: Sequence[Column], deleted: pa.Array) -> pa.Array:
    """Mask of the deletions that name no row: a truncation empties the stream up to its place in the log."""
    for column in columns:
        if column not in CDC_COLUMNS and column.name in batch.schema.names:
            deleted = pc.and_(deleted, pc.is_null(batch.column(column.name)))
    return deleted


def _typed(landed: pa.Array | None, column: Column, rows: int) -> tuple[pa.Array, pa.Array | None]:
    if landed is None:
        return pa.nulls(rows, column.type), None
    return cast_column(landed, column.type)


def _broken_rules(values: pa.Array, column: Column, absent: str | None) -> Iterator[tuple[pa.Array, str]]:
    """Masks of the values that break each rule of the column, with the words for it."""
    if column.required:
        yield (
            pc.is_null(values),
            "is NULL" if absent is None else absent.replace("{", "{{").replace("}", "}}"),
        )
    bounded = column.minimum is not None or column.maximum is not None or column.above is not None
    if bounded and pa.types.is_floating(values.type):
        # No comparison with it holds, so it would pass them all.
        yield _holds(pc.is_nan(values)), "{} is within no bounds"
    if pa.types.is_temporal(values.type):
        yield _holds(infinite(values)), "{} is not a point in time"
    if column.minimum is not None:
        yield (
            _holds(pc.less(values, pa.scalar(column.minimum, values.type))),
            f"{{}} is below {column.minimum}",
        )
    if column.maximum is not None:
        yield (
            _holds(pc.greater(values, pa.scalar(column.maximum, values.type))),
            f"{{}} is over {column.maximum}",
        )
    if column.above is not None:
        too_low = pc.less_equal(values, pa.scalar(column.above, values.type))
        yield _holds(too_low), f"{{}} is not above {column.above}"
    if column.one_of is not None:
        known = pc.is_in(values, value_set=pa.array(column.one_of, values.type))
        unknown = pc.and_(pc.is_valid(values), pc.invert(known))
        yield unknown, f"{{}} is none of {', '.join(column.one_of)}"


def _holds(mask: pa.Array) -> pa.Array:
    """NULL compares to NULL: whether a value may be absent is the rule `required`, not the bounds."""
    return pc.fill_null(mask, False)


def _positions(mask: pa.Array) -> list[int]:
    if not pc.any(mask, min_count=0).as_py():
        return []
    positions: list[int] = pc.indices_nonzero(mask).to_pylist()
    return positions


def _shown(value: pa.Scalar) -> str:
    try:
        text = str(value.as_py())
    except (OverflowError, ValueError):  # a time outside Python's years
        text = str(time_texts(pa.array([value]))[0])
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
