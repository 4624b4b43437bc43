"""A business that the project does not know: its tables, and four nights of changes, deletions and late rows.

Every table is read in one of the ways that the staging macros are for. A night gives the rows of its bronze
partition and, as the right answer, the rows that the source has then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa

NIGHTS: Final = tuple(date(2025, 10, 14) + timedelta(days=number) for number in range(4))
SOURCE: Final = "inn_postgres"

Row = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """A table of the business; `call` is its staging model."""

    name: str
    columns: dict[str, str]
    call: str
    gold_key: str
    more: tuple[str, ...] = ("bronze_date", "row_status")
    """Columns that the macro adds to the model."""
    raw: tuple[str, ...] = ()
    """Columns of bronze that the model does not have."""
    between: tuple[tuple[str, str], ...] = ()
    """Layers and models between staging and gold. One table has them: they pass rows on as they are."""

    @property
    def stream(self) -> str:
        return f"inn_{self.name}"

    @property
    def is_a_whole_list(self) -> bool:
        """Does a partition without rows say that the source has none?"""
        return self.call.startswith("stage_snapshot")

    @property
    def models(self) -> tuple[tuple[str, str], ...]:
        """Every layer and model of the table."""
        return (("staging", f"stg_{self.stream}"), *self.between, ("gold", self.stream))


TABLES: Final = (
    # Soft deletes, a cursor that may be NULL, a key that is text.
    Table(
        "guests",
        {"guest_id": "varchar", "status": "varchar", "changed_at": "timestamp"},
        "stage_versions('raw_inn_guests', key='guest_id', cursor='changed_at', "
        "columns={'status': 'lower(status)'}, deleted='deleted_at is not null')",
        "guest_id",
        raw=("deleted_at",),
        between=(("intermediate", "int_inn_guests"), ("marts", "dim_inn_guests")),
    ),
    # A composite key whose values contain the separator, and a cursor of whole days.
    Table(
        "rates",
        {"room": "varchar", "season": "varchar", "price": "integer", "valid_from": "date"},
        "stage_versions('raw_inn_rates', key=['room', 'season'], cursor='valid_from')",
        "inn_rates_key",
        more=("inn_rates_key", "bronze_date"),
    ),
    Table(
        "rooms",
        {"room_id": "bigint", "size": "varchar"},
        "stage_snapshot('raw_inn_rooms', key='room_id')",
        "room_id",
    ),
    Table(
        "notes",
        {"author": "varchar", "year": "integer"},
        "stage_snapshot('raw_inn_notes', key=[])",
        "inn_notes_key",
        more=("inn_notes_key", "bronze_date", "row_status"),
    ),
    # Empty when it was brought in, then filled, emptied and filled again.
    Table(
        "tours",
        {"tour_id": "bigint", "guide": "varchar"},
        "stage_snapshot('raw_inn_tours', key='tour_id')",
        "tour_id",
    ),
    Table(
        "beds",
        {"room_id": "bigint", "bed": "varchar", "status": "varchar"},
        "stage_changes('raw_inn_beds', key=['room_id', 'bed'])",
        "inn_beds_key",
        more=("inn_beds_key", "changed_at", "change_lsn", "bronze_date", "row_status"),
    ),
)
TYPES: Final = {
    "varchar": pa.string(),
    "bigint": pa.int64(),
    "integer": pa.int32(),
    "decimal(12, 2)": pa.decimal128(12, 2),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}
LINEAGE: Final = [("_airbyte_extracted_at", TYPES["timestamp"]), ("_airbyte_sync_id", pa.int64())]
CDC: Final = [
    ("_ab_cdc_lsn", pa.int64()),
    ("_ab_cdc_updated_at", TYPES["timestamp"]),
    ("_ab_cdc_deleted_at", TYPES["timestamp"]),
]


def schema_of(table: Table) -> pa.Schema:
    """The schema of the table's bronze files."""
    own = [(name, TYPES[kind]) for name, kind in table.columns.items()]
    own += [(name, TYPES["timestamp"]) for name in table.raw]
    return pa.schema([*own, *(CDC if table.name == "beds" else []), *LINEAGE])


def at(night: date, hour: int = 12) -> datetime:
    return datetime(night.year, night.month, night.day, hour)


def guest(key: str, status: str, changed: datetime | None, deleted: datetime | None = None) -> Row:
    return {"guest_id": key, "status": status, "changed_at": changed, "deleted_at": deleted}


def rate(room: str, season: str, price: int | Decimal | str, valid_from: date | None) -> Row:
    return {"room": room, "season": season, "price": price, "valid_from": valid_from}


def room(key: int, size: str, sync: int = 1) -> Row:
    return {"room_id": key, "size": size, "_airbyte_sync_id": sync}


def note(author: str | None, year: int | None) -> Row:
    return {"author": author, "year": year}


def tour(key: int, guide: str) -> Row:
    return {"tour_id": key, "guide": guide}


def bed(key: int | None, name: str | None, status: str | None, lsn: int, night: date) -> Row:
    """Without a status the deletion of the bed, without a key of all before it."""
    change = {"_ab_cdc_lsn": lsn, "_ab_cdc_updated_at": at(night)}
    gone = {"_ab_cdc_deleted_at": None if status else at(night)}
    return {"room_id": key, "bed": name, "status": status, **change, **gone}


def bronze() -> dict[date, dict[str, list[Row]]]:
    """Each night's partitions. What is odd about a row is said where it is made."""
    first, second, third, fourth = NIGHTS
    return {
        first: {
            "guests": [guest("a", "NEW", at(first)), guest("b", "new", None), guest("c", "new", at(first))],
            # Two keys that look alike when they are put together carelessly.
            "rates": [rate("a/b", "c", 10, first), rate("a", "b/c", 20, first), rate("a~1b", "c", 30, None)],
            "rooms": [room(1, "small"), room(2, "small"), room(3, "large")],
            "notes": [note("ann", 1), note("ann", 1), note("ann", None), note(None, None), note("~", 2)],
            "tours": [],
            "beds": [bed(1, "left", "free", 10, first), bed(1, "right", "free", 10, first)],
        },
        second: {
            "guests": [
                guest("a", "staying", at(second)),
                # The first time with a cursor: newer than without one.
                guest("b", "Staying", at(first, 1)),
                guest("c", "new", at(second), deleted=at(second)),
                guest("d", "new", at(second), deleted=at(second)),
            ],
            # The cursor is the same day, the content is not: the newer partition wins.
            "rates": [rate("a/b", "c", 11, first), rate("a~1b", "c", 31, None)],
            # A second sync of the date: room 3 was deleted between the two.
            "rooms": [room(3, "large", sync=2), room(1, "big", sync=3), room(4, "small", sync=3)],
            "notes": [note("ann", 1), note(None, None), note(None, None), note("bob", 3)],
            "tours": [tour(1, "ann"), tour(2, "bob")],
            "beds": [bed(1, "left", None, 20, second), bed(2, "left", "free", 21, second)],
        },
        third: {
            "guests": [
                # Late: older than what the second night brought.
                guest("a", "new", at(first, 23)),
                # Late, and without a cursor.
                guest("b", "new", None),
                # Back again.
                guest("c", "back", at(third)),
            ],
            "rates": [rate("a", "b/c", 5, date(2020, 1, 1)), rate("new", "x", 1, third)],
            "rooms": [room(2, "back", sync=4), room(1, "big", sync=4)],
            "notes": [note("ann", 1), note("ann", 1), note("ann", 1)],
            "tours": [],
            "beds": [
                bed(None, None, None, 30, third),
                bed(3, "left", "free", 31, third),
                # Older than the truncation, and landed with it.
                bed(2, "right", "free", 29, third),
            ],
        },
        fourth: {
            "guests": [guest("e", "new", at(fourth))],
            "rates": [],
            "rooms": [room(5, "only", sync=5)],
            "notes": [],
            "tours": [tour(2, "zoe"), tour(3, "ann")],
            "beds": [bed(1, "left", "taken", 40, fourth), bed(3, "left", None, 41, fourth)],
        },
    }


def at_the_source() -> dict[date, dict[str, list[tuple[Any, ...]]]]:
    """What each table's source holds after each night, in the order of its columns; written by hand."""
    first, second, third, fourth = NIGHTS
    after: dict[date, dict[str, list[tuple[Any, ...]]]] = {
        first: {
            "guests": [("a", "new", at(first)), ("b", "new", None), ("c", "new", at(first))],
            "rates": [("a/b", "c", 10, first), ("a", "b/c", 20, first), ("a~1b", "c", 30, None)],
            "rooms": [(1, "small"), (2, "small"), (3, "large")],
            "notes": [("ann", 1), ("ann", 1), ("ann", None), (None, None), ("~", 2)],
            "tours": [],
            "beds": [(1, "left", "free"), (1, "right", "free")],
        },
        second: {
            "guests": [("a", "staying", at(second)), ("b", "staying", at(first, 1))],
            "rates": [("a/b", "c", 11, first), ("a", "b/c", 20, first), ("a~1b", "c", 31, None)],
            "rooms": [(1, "big"), (4, "small")],
            "notes": [("ann", 1), (None, None), (None, None), ("bob", 3)],
            "tours": [(1, "ann"), (2, "bob")],
            "beds": [(1, "right", "free"), (2, "left", "free")],
        },
        third: {
            "guests": [
                ("a", "staying", at(second)),
                ("b", "staying", at(first, 1)),
                ("c", "back", at(third)),
            ],
            "rates": [
                ("a/b", "c", 11, first),
                ("a", "b/c", 20, first),
                ("a~1b", "c", 31, None),
                ("new", "x", 1, third),
            ],
            "rooms": [(1, "big"), (2, "back")],
            "notes": [("ann", 1), ("ann", 1), ("ann", 1)],
            "tours": [],
            "beds": [(3, "left", "free")],
        },
    }
    after[fourth] = {
        "guests": [*after[third]["guests"], ("e", "new", at(fourth))],
        "rates": after[third]["rates"],
        "rooms": [(5, "only")],
        "notes": [],
        "tours": [(2, "zoe"), (3, "ann")],
        "beds": [(1, "left", "taken")],
    }
    return after


def project_files() -> Iterator[tuple[str, str]]:
    """The dbt models of the business: path below models/ and text."""
    for table in TABLES:
        names = [*table.columns, *table.more]
        kinds = table.columns | {"bronze_date": "date", "changed_at": "timestamp", "change_lsn": "bigint"}
        model = f"stg_{table.stream}"
        yield from _model("staging", model, table.call, names, kinds)
        deletable = "row_status" in names
        kept = [name for name in names if name not in ("bronze_date", "row_status", "change_lsn")]
        mart_columns = [*kept, "row_status"] if deletable else kept
        reads = model
        for layer, name in table.between:
            call = f"same_rows('{reads}', key='{table.gold_key}')"
            reads = name
            yield from _model(layer, name, call, mart_columns, kinds)
        macro = "published_rows" if deletable else "same_rows"
        yield from _model("gold", table.stream, f"{macro}('{reads}', key='{table.gold_key}')", kept, kinds)
    tables = "".join(f"      - name: raw_{table.stream}\n" for table in TABLES)
    yield (
        "staging/sources.yml",
        f"sources:\n  - name: bronze\n    database: bronze\n    schema: no_schema\n    tables:\n{tables}",
    )


def _model(
    layer: str, name: str, call: str, names: list[str], kinds: dict[str, str]
) -> Iterator[tuple[str, str]]:
    columns = "".join(
        f"      - name: {column}\n        data_type: {kinds.get(column, 'varchar')}\n" for column in names
    )
    yield f"{layer}/{name}.sql", f"{{{{ {call} }}}}\n"
    yield f"{layer}/{name}.yml", f"models:\n  - name: {name}\n    columns:\n{columns}"
