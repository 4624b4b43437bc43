"""What a statement answers: rows, how many, and what reflections were to it."""

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class Relationship:
    """What one reflection was to one query: CONSIDERED, MATCHED or CHOSEN, as Dremio's Job API says it."""

    dataset_id: str
    reflection_id: str
    relationship: str


@dataclass(frozen=True)
class Outcome:
    """A statement's rows as the client sees them, and how many rows it returned or changed.

    `datasets` are the names a query read, as it wrote them.
    """

    table: pa.Table
    row_count: int
    is_query: bool = False
    relationships: tuple[Relationship, ...] = ()
    datasets: tuple[str, ...] = ()


def records(rows: int) -> Outcome:
    """Dremio's answer to DML."""
    return Outcome(pa.table({"Records": pa.array([rows], type=pa.int64())}), rows)


def copied(rows: int, rejected: int | None) -> Outcome:
    """Dremio's answer to COPY INTO; it tells of rejected records only if they may be."""
    counts = {"Rows Inserted": rows} | ({} if rejected is None else {"Rejected Records": rejected})
    return Outcome(pa.table({name: pa.array([n], pa.int64()) for name, n in counts.items()}), rows)


def done(summary: str) -> Outcome:
    """Dremio's answer to DDL."""
    return Outcome(pa.table({"ok": [True], "summary": [summary]}), 1)
