"""At-least-once on purpose, for tests: rows come more than once, out of order, and again in a later sync.

Airbyte promises that no row is lost, not that it comes once. Switched on by AIRBYTE_TEST_REDELIVERY=1 in the
server's environment, off otherwise, so that whoever reads the landing can be shown to cope.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

_SHARE = 0.2
"""Of the rows: those that come twice, and those that come again with the next sync."""


def delivered_again(stream: str, files: Sequence[Path], keep_in: Path, where: str) -> list[Path]:
    """The rows of the files in two files, shuffled, some of them twice, with some of the sync before.

    `keep_in` is a folder that outlives the sync, `where` tells the same stream of several connections apart.
    The order is a different one each time; a seed is not needed, for no order may matter.
    """
    if not files:
        return []
    mark = hashlib.sha256(f"{where}/{stream}".encode()).hexdigest()[:16]
    late = keep_in / f"redelivery-{mark}.parquet"
    tables = [pq.read_table(file) for file in files]
    rows = pa.concat_tables(tables, promote_options="default")
    codec = str(pq.read_metadata(files[0]).row_group(0).column(0).compression).lower()
    chosen = random.sample(range(rows.num_rows), int(rows.num_rows * _SHARE) or 1)
    again = rows.take(chosen)
    together = [rows, again]
    if late.exists():
        earlier = pq.read_table(late)
        if earlier.schema.equals(rows.schema):
            together.append(earlier)
    late.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(again, late)
    everything = pa.concat_tables(together)
    order = random.sample(range(everything.num_rows), everything.num_rows)
    shuffled = everything.take(order)
    half = shuffled.num_rows // 2
    halves = [files[0].with_name(f"{files[0].stem}-{number}.parquet") for number in (0, 1)]
    for file, part in zip(halves, (shuffled.slice(half), shuffled.slice(0, half)), strict=True):
        pq.write_table(part, file, compression="none" if codec == "uncompressed" else codec)
    for file in files:
        file.unlink()
    return halves
