"""Older bronze partitions, compressed again: Snappy is quick to write each night, ZSTD is small for years.

The rows are the same, in the same order and row groups, with the same schema: each row group is read back
from the new file and compared before the swap, by the number of its rows and a checksum of all its values.
The swap is bronze's own publication, so that no reader sees half of it. A replay of such a date builds the
Snappy files, finds from the manifest that the lake holds just these rows, and leaves them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lakehouse.bronze.parquet_writer import WRITE_SETTINGS, WrittenFile
from lakehouse.bronze.publication import Partition, Publisher, content_hash
from lakehouse.bronze.reconciliation import BronzeLoads, LoadState
from lakehouse.bronze.scratch import scratch_folder
from lakehouse.observe.retention.landing import WAIT_SECONDS
from lakehouse.observe.retention.plan import Applied, Item, KindPlan, Stores
from lakehouse.observe.retention.policy import Policy
from lakehouse.platform.database import Lock, LockHeldError, exclusively, transaction
from lakehouse.platform.errors import PermanentError
from lakehouse.platform.sql_files import read_sql

COMPRESSION: Final = "zstd"
LEVEL: Final = 9
SETTINGS: Final[dict[str, Any]] = WRITE_SETTINGS | {"compression": COMPRESSION, "compression_level": LEVEL}


class RowsDifferError(PermanentError):
    """A file that was compressed again does not hold the rows it was made from; it was thrown away."""


class Refresher(Protocol):
    """Makes Dremio list changed partitions again, and checks a date's rows."""

    def refresh(self, business_date: date) -> Any:
        """See `CatalogueRefresher`."""


class BronzeCompression:
    """Bronze partitions that are old enough not to be replayed every day."""

    name = "bronze"

    def __init__(self, stores: Stores, refresher: Refresher) -> None:
        self._postgres = stores.postgres
        self._lake = stores.lake
        self._loads = BronzeLoads(stores.postgres)
        self._publisher = Publisher(stores.postgres, stores.lake)
        self._refresher = refresher

    def plan(self, policy: Policy, now: datetime) -> KindPlan:
        """Loaded partitions with rows that a load wrote before the cutoff."""
        cutoff = now - timedelta(days=policy.recompress_after_days)
        values = {"cutoff": cutoff, "compression": COMPRESSION}
        with transaction(self._postgres) as cursor:
            cursor.execute(read_sql("postgres/observe/retention/select_compressible_bronze.sql"), values)
            rows = cursor.fetchall()
        return KindPlan(self.name, "recompress", cutoff, tuple(map(_item, rows)))

    def apply(self, plan: KindPlan) -> Applied:
        """Each partition under the lock that its load takes; Dremio lists what was changed at the end."""
        applied = Applied(self.name, plan.verb)
        days: set[date] = set()
        try:
            for item in plan.items:
                partition = _partition(item)
                name = f"{partition.source}.{partition.stream} {partition.business_date}"
                try:
                    with exclusively(self._postgres, Lock("bronze load", name), "retention", WAIT_SECONDS):
                        days.add(partition.business_date)
                        self._compress(item, partition, applied)
                except LockHeldError:
                    applied.skip(item, "it is being loaded")
        finally:
            # Also of what was published before something failed: Dremio still has the old files' sizes.
            for day in sorted(days):
                self._refresher.refresh(day)
        return applied

    def _compress(self, item: Item, partition: Partition, applied: Applied) -> None:
        load = self._loads.load_of(partition.source, partition.stream, partition.business_date)
        if load is None or load.state is not LoadState.LOADED or load.sha256 != item.detail["sha256"]:
            applied.skip(item, "it has been loaded or compressed again since the plan")
            return
        keys = [
            each.key for each in self._lake.objects(partition.folder) if each.key != partition.manifest_key
        ]
        if not keys or not self._lake.exists(partition.manifest_key):
            applied.skip(item, "it has no manifest: load_bronze for its date writes one")
            return
        with scratch_folder(partition.stream) as folder:
            old = list(self._fetched(keys, folder))
            new = [
                compressed_again(path, folder / f"again_{number}.parquet") for number, path in enumerate(old)
            ]
            held = content_hash([_file(path) for path in old])
            if held == load.sha256:
                self._publisher.publish_again(partition, new, held, COMPRESSION)
            elif (again := self._publisher.stored_again_of(partition)) is None or again.sha256 != held:
                applied.skip(item, "its files are not those of its account: run load_bronze for its date")
                return
            else:  # a run was interrupted between the files and the account
                new = [_file(path) for path in old]
        size = sum(part.bytes for part in new)
        self._loads.record(replace(load, bytes=size, sha256=content_hash(new), compression=COMPRESSION))
        applied.did(item, freed=load.bytes - size)

    def _fetched(self, keys: Iterable[str], folder: Path) -> Iterator[Path]:
        for number, key in enumerate(sorted(keys)):
            path = folder / f"old_{number}.parquet"
            self._lake.download(key, path)
            yield path


def compressed_again(source: Path, target: Path) -> WrittenFile:
    """Write a Parquet file's rows with ZSTD, row group by row group, and prove that they are the same.

    Raises:
        RowsDifferError: the new file holds other rows.
    """
    old = pq.ParquetFile(source)
    with pq.ParquetWriter(target, old.schema_arrow, **SETTINGS) as writer:
        for group in range(old.num_row_groups):
            table = old.read_row_group(group)
            writer.write_table(table, row_group_size=max(1, len(table)))
    new = pq.ParquetFile(target)
    if new.schema_arrow != old.schema_arrow or new.num_row_groups != old.num_row_groups:
        raise RowsDifferError(f"{source.name}: its schema or row groups changed when it was compressed again")
    for group in range(old.num_row_groups):
        before, after = old.read_row_group(group), new.read_row_group(group)
        if len(before) != len(after) or values_checksum(before) != values_checksum(after):
            raise RowsDifferError(
                f"{source.name}, row group {group}: {len(before)} rows became {len(after)}, or their values "
                "changed, when it was compressed again; the partition is left as it is"
            )
    return _file(target)


def values_checksum(table: pa.Table) -> str:
    """SHA-256 of all values, their types and where they are null; rows in another order have another one.

    Flat columns only, as bronze has them. NaN equals NaN here, which it does not to Arrow.
    """
    digest = hashlib.sha256()
    for field in table.schema:
        column = table.column(field.name).combine_chunks()
        digest.update(f"{field.name}:{field.type}:{len(column)}".encode())
        valid = pc.is_valid(column).cast(pa.uint8())
        digest.update(_used(valid.buffers()[1], len(valid)))
        digest.update(_values(column))
    return digest.hexdigest()


def _values(column: pa.Array) -> bytes:
    kind = column.type
    if pa.types.is_boolean(kind):
        return _values(column.cast(pa.uint8()))
    # What lies under a null is nobody's value: only the others count.
    held = pa.concat_arrays([column.drop_null()])
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        texts = held.cast(pa.large_binary())
        if not len(texts):
            return b""
        ends = memoryview(texts.buffers()[1]).cast("q")[texts.offset : texts.offset + len(texts) + 1]
        lengths = pc.binary_length(texts)
        return _used(lengths.buffers()[1], 8 * len(lengths)) + _used(texts.buffers()[2], ends[-1])[ends[0] :]
    width = kind.bit_width // 8
    return _used(held.buffers()[1], (held.offset + len(held)) * width)[held.offset * width :]


def _used(buffer: pa.Buffer | None, size: int) -> bytes:
    return buffer.to_pybytes()[:size] if buffer is not None else b""


def _file(path: Path) -> WrittenFile:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return WrittenFile(path, pq.ParquetFile(path).metadata.num_rows, path.stat().st_size, digest)


def _item(row: Any) -> Item:
    source, stream, day, rows, size, sha256 = row
    detail = {"source": source, "stream": stream, "business_date": day.isoformat(), "sha256": sha256}
    return Item(f"{source}.{stream} {day}", 1, int(rows), int(size), detail)


def _partition(item: Item) -> Partition:
    day = date.fromisoformat(str(item.detail["business_date"]))
    return Partition(str(item.detail["source"]), str(item.detail["stream"]), day)
