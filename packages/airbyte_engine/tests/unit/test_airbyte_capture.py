"""What the capture of changes knows without a database: messages, snapshots, types, states."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from airbyte_engine.store.connections import read_document, state_document
from airbyte_engine.worker.postgres.columns import Column
from airbyte_engine.worker.postgres.pgoutput import (
    UNCHANGED,
    Begin,
    Change,
    Commit,
    Decoder,
    Truncate,
)
from airbyte_engine.worker.postgres.seen import Seen
from airbyte_engine.worker.postgres.slot import lsn_text


def relation(identifier: int, *columns: tuple[str, int, int], key: int = 1) -> bytes:
    body = b"R" + struct.pack(">I", identifier) + b"public\0things\0d" + struct.pack(">H", len(columns))
    for number, (name, kind, modifier) in enumerate(columns):
        body += bytes([1 if number < key else 0]) + name.encode() + b"\0" + struct.pack(">Ii", kind, modifier)
    return body


def row(*values: Any) -> bytes:
    body = struct.pack(">H", len(values))
    for value in values:
        if value is None:
            body += b"n"
        elif value is UNCHANGED:
            body += b"u"
        else:
            body += b"t" + struct.pack(">I", len(value)) + value
    return body


def described() -> Decoder:
    decoder = Decoder()
    assert decoder.decode(relation(7, ("id", 20, -1), ("name", 25, -1))) is None
    return decoder


TABLE = struct.pack(">I", 7)


def test_a_transactions_begin_and_end() -> None:
    began = described().decode(b"B" + struct.pack(">QqI", 500, 1_000_000, 42))
    assert began == Begin(500, 42, 946_684_801_000_000)
    assert described().decode(b"C" + struct.pack(">BQQq", 0, 500, 530, 0)) == Commit(530)


def test_inserts_updates_and_deletes_with_what_the_log_has_of_the_old_row() -> None:
    decoder = described()
    insert = decoder.decode(b"I" + TABLE + b"N" + row(b"1", None))
    plain = decoder.decode(b"U" + TABLE + b"N" + row(b"1", UNCHANGED))
    keyed = decoder.decode(b"U" + TABLE + b"K" + row(b"1", None) + b"N" + row(b"2", b"x"))
    whole = decoder.decode(b"U" + TABLE + b"O" + row(b"1", b"a") + b"N" + row(b"1", b"b"))
    delete = decoder.decode(b"D" + TABLE + b"K" + row(b"1", None))
    changes = [one for one in (insert, plain, keyed, whole, delete) if isinstance(one, Change)]
    assert [(one.old, one.new, one.old_is_whole) for one in changes] == [
        (None, [b"1", None], False),
        (None, [b"1", UNCHANGED], False),
        ([b"1", None], [b"2", b"x"], False),
        ([b"1", b"a"], [b"1", b"b"], True),
        ([b"1", None], None, False),
    ]
    assert {(one.relation.schema, one.relation.name, one.relation.key) for one in changes} == {
        ("public", "things", (0,))
    }


def test_a_truncate_names_its_tables_and_other_messages_carry_nothing() -> None:
    decoder = described()
    decoder.decode(relation(8, ("id", 20, -1)))
    message = decoder.decode(b"T" + struct.pack(">IB", 2, 0) + struct.pack(">II", 7, 8))
    assert isinstance(message, Truncate)
    assert [len(table.columns) for table in message.relations] == [2, 1]
    assert [decoder.decode(kind + b"\0" * 20) for kind in (b"O", b"Y", b"M")] == [None, None, None]


def test_a_value_of_an_unknown_kind_is_an_error_and_not_a_guess() -> None:
    with pytest.raises(ValueError, match="unknown kind 'b'"):
        described().decode(b"I" + TABLE + b"N" + struct.pack(">H", 1) + b"b")


@pytest.mark.parametrize(
    ("snapshot", "seen", "unseen"),
    [
        ("10:20:12,15", [3, 9, 10, 11, 19], [12, 15, 20, 21]),
        ("10:10:", [9], [10, 11]),
        ("4294967290:4294967300:4294967295", [4294967289, 4294967294, 0, 3], [4294967295, 4, 5]),
    ],
)
def test_a_snapshot_knows_what_it_has_seen_also_around_the_wrap_of_numbers(
    snapshot: str, seen: list[int], unseen: list[int]
) -> None:
    visible = Seen(snapshot)
    assert [xid for xid in seen + unseen if visible.includes(xid)] == seen


@pytest.mark.parametrize(
    ("type_id", "modifier", "lands_as", "scannable"),
    [
        (1700, ((12 << 16) | 2) + 4, "decimal(12,2)", True),
        (1700, ((38 << 16) | 38) + 4, "decimal(38,38)", True),
        (1700, ((39 << 16) | 2) + 4, "varchar", False),
        (1700, ((5 << 16) | 0x7FE) + 4, "varchar", False),  # numeric(5,-2)
        (1700, -1, "varchar", False),
        (1184, -1, "timestamptz", True),
        (3802, -1, "varchar", True),
        (1007, -1, "varchar", False),  # integer[]
        (99999, -1, "varchar", False),
    ],
)
def test_numbers_land_exactly_and_what_parquet_has_no_type_for_as_text(
    type_id: int, modifier: int, lands_as: str, scannable: bool
) -> None:
    column = Column("x", type_id, modifier)
    assert (column.lands_as, column.scannable) == (lands_as, scannable)


def test_positions_are_written_as_postgresql_writes_them() -> None:
    assert lsn_text(0x1_6B37_4D48) == "1/6B374D48"
    assert lsn_text(0) == "0/0"


@pytest.mark.parametrize("shared", [None, {"slot": "s", "lsn": 5}])
def test_a_state_document_says_what_it_was_made_of(shared: dict[str, Any] | None) -> None:
    streams = {"b": {"cursor": 1}, "a": {"cdc": {"seen": None, "until": None}}}
    document = state_document(streams, shared)
    assert document["state_type"] == ("stream" if shared is None else "global")
    assert read_document(document) == (shared, streams)
    assert read_document(None) == (None, {})
