"""The reckoning: every partition against the shop's own history; the lake is read without the library."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow.parquet as pq

from lakehouse.bronze.contract import Mode
from lakehouse.bronze.contract_file import load_contract
from lakehouse.landing.columns import CDC_DELETED_AT
from lakehouse.platform.lake_layout import BRONZE, LANDING, bronze_manifest_key, quarantine_key
from tests.soak.platform import STREAMS, SoakPlatform
from tests.soak.shop_history import READINGS, Row


@dataclass
class Reckoned:
    """What was compared; `content` is one hash of all rows that bronze ends with, the same for a seed."""

    partitions: int = 0
    rows_compared: int = 0
    deletions_compared: int = 0
    rows_quarantined: int = 0
    content: str = ""


@dataclass(frozen=True)
class Partition:
    """A bronze partition in the shop's columns."""

    rows: list[Row]
    deleted: set[Row]
    """Keys of the rows that tell of a deletion."""
    emptied: bool = False
    """The table was emptied before these rows."""


def require_readings() -> None:
    """Every stream with a contract must have an independent reading, or its rows would go unseen.

    Raises:
        AssertionError: names those that have none.
    """
    unread = sorted(set(STREAMS) - set(READINGS))
    assert not unread, f"no independent reading in tests/soak/shop_history.py: {', '.join(unread)}"


def reckon(platform: SoakPlatform, days: Sequence[date]) -> Reckoned:
    """Compare every partition of the dates, in their order, and what they add up to, with the shop.

    Raises:
        AssertionError: something was lost, doubled or changed.
    """
    require_readings()
    reckoned = Reckoned()
    digest = hashlib.sha256()
    for stream in STREAMS:
        newest: dict[Row, Row] = {}
        for before, day in zip([None, *days], days, strict=False):
            partition = _compare(platform, stream, day, before, reckoned)
            if load_contract(stream).mode is Mode.FULL_REFRESH or partition.emptied:
                newest.clear()
            newest |= {_key(stream, row): row for row in partition.rows}
            for key in partition.deleted:
                newest.pop(key, None)
        whole = platform.history.rows(stream, days[-1])
        assert set(newest.values()) == whole, f"{stream}: bronze does not end where the shop does"
        digest.update("\n".join(sorted(map(repr, whole))).encode())
    reckoned.content = digest.hexdigest()
    return reckoned


def reckon_date(platform: SoakPlatform, day: date, before: date | None) -> None:
    """Compare the date's partitions with the shop, as soon as it has ended: what failed then is its fault.

    Raises:
        AssertionError: something was lost, doubled or changed.
    """
    for stream in STREAMS:
        _compare(platform, stream, day, before, Reckoned())


def _compare(
    platform: SoakPlatform, stream: str, day: date, before: date | None, reckoned: Reckoned
) -> Partition:
    """A partition against the difference between two snapshots of the shop.

    Airbyte may deliver a row again that did not change (at least once): that row must be the shop's.
    """
    history, here = platform.history, f"{stream}, {day}"
    partition = bronze_partition(platform, stream, day)
    found, whole = set(partition.rows), history.rows(stream, day)
    keys = [_key(stream, row) for row in partition.rows]
    doubled = len(keys) - len(set(keys)) + len(partition.deleted.intersection(keys))
    assert not doubled, f"{here}: {doubled} keys come twice"
    expected = history.changed(stream, day, before)
    assert not (lost := expected - found), f"{here}: {len(lost)} rows are lost: {_some(lost)}"
    assert not (wrong := found - whole), f"{here}: {len(wrong)} rows differ: {_some(wrong)}"
    if load_contract(stream).mode is Mode.FULL_REFRESH:
        assert found == whole, f"{here}: the table was not loaded as a whole"
    if load_contract(stream).mode is Mode.CDC:
        gone = history.removed_keys(stream, day, before)
        assert not (kept := gone - partition.deleted), f"{here}: deletions are lost: {_some(kept)}"
        there = {_key(stream, row) for row in whole}
        assert not (there & partition.deleted), f"{here}: deleted, but still in the shop"
        reckoned.deletions_compared += len(partition.deleted)
    unsound = history.unsound_keys(stream, day, before)
    kept = quarantined_keys(platform, stream, day)
    assert unsound <= kept, f"{here}: bad rows {unsound - kept} are not in quarantine"
    reckoned.rows_compared += len(found)
    reckoned.rows_quarantined += len(kept)
    reckoned.partitions += 1
    return partition


def bronze_partition(platform: SoakPlatform, stream: str, day: date) -> Partition:
    """A partition from the files that its manifest lists, whose account must add up."""
    storage, contract = platform.storage, load_contract(stream)
    manifest = json.loads(storage.get(bronze_manifest_key(contract.source, stream, day)))
    names = READINGS[stream].names + ([CDC_DELETED_AT] if contract.mode is Mode.CDC else [])
    rows: list[Row] = []
    for file in manifest["files"]:
        content = storage.get(file["key"])
        assert hashlib.sha256(content).hexdigest() == file["sha256"], file["key"]
        table = pq.read_table(io.BytesIO(content)).select(names)
        rows += zip(*(column.to_pylist() for column in table.columns), strict=True)
    accounted = ("rows_loaded", "rows_deduplicated", "rows_quarantined")
    assert manifest["rows_in"] == sum(manifest[name] for name in accounted)
    assert manifest["rows_in"] == sum(file["rows"] for file in manifest["landing"])
    assert manifest["rows_loaded"] == len(rows)
    if contract.mode is not Mode.CDC:
        return Partition(rows, set())
    deleted = {_key(stream, row) for row in rows if row[-1] is not None}
    emptied = {key for key in deleted if key[0] is None}
    return Partition([row[:-1] for row in rows if row[-1] is None], deleted - emptied, bool(emptied))


def quarantined_keys(platform: SoakPlatform, stream: str, day: date) -> set[Row]:
    """Keys of the rows in quarantine; a part that is missing or no number stays what it is."""
    key = quarantine_key(stream, day)
    if not platform.storage.exists(key):
        return set()
    raws = pq.read_table(io.BytesIO(platform.storage.get(key)))["raw"].to_pylist()
    names = READINGS[stream].names[: READINGS[stream].key]
    return {tuple(json.loads(raw).get(name) for name in names) for raw in raws}


def objects_of_bronze(platform: SoakPlatform) -> dict[str, str]:
    """Everything below bronze but landing, with the hash of its bytes."""
    return {
        item.key: hashlib.sha256(platform.storage.get(item.key)).hexdigest()
        for item in platform.storage.objects(BRONZE)
        if not item.key.startswith(LANDING)
    }


def _key(stream: str, row: Row) -> Row:
    return row[: READINGS[stream].key]


def _some(rows: set[Row]) -> str:
    return ", ".join(str(row)[:200] for row in sorted(rows, key=str)[:3])
