"""A night that has published, without running one: gold as it would be, and what the edge asks for.

The orders come from the shop itself, as they were at the position that is noted for the night's sync. As a
night that reads by cursor, it sees no row that was deleted for good.
"""

from __future__ import annotations

import io
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq

from lakehouse.stream.edge import Edge
from testing.lakehouse.stream_platform import StreamPlatform

_SCHEMA = pa.schema(
    [
        ("order_id", pa.int64()),
        ("customer_id", pa.int64()),
        ("product_id", pa.int64()),
        ("order_date", pa.date32()),
        ("quantity", pa.int32()),
        ("amount", pa.decimal128(12, 2)),
        ("status", pa.string()),
        ("created_at", pa.timestamp("us")),
        ("updated_at", pa.timestamp("us")),
    ]
)
_FOLDER = "planted_gold"
_MERGE = """
merge into gold.orders as held using (select * from {planted}) as found on held.order_id = found.order_id
when matched then update set {changes}
when not matched then insert ({names}) values ({values})
"""


def publish(platform: StreamPlatform, day: date) -> date:
    """Publish the night of the date; the business date at which the edge stands then."""
    columns = ", ".join(name for name in _SCHEMA.names if name != "status")
    status = "case when deleted_at is null then status else 'deleted' end as status"
    with platform.shop() as shop, shop.transaction():
        # Nobody's transaction is open at the position: what was changed before it is seen.
        shop.execute("lock table orders in share mode")
        position = shop.execute("select (pg_current_wal_lsn() - '0/0')::bigint").fetchone()
        rows = shop.execute(f"select {columns}, {status} from orders").fetchall()
    assert position is not None
    names = [*(name for name in _SCHEMA.names if name != "status"), "status"]
    found = pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], _SCHEMA)
    _into_gold(platform, found, day)
    _as_published(platform, day, int(position[0]))
    return Edge(platform.dremio, platform.postgres).advance().business_date


def _into_gold(platform: StreamPlatform, found: pa.Table, day: date) -> None:
    """As dbt does: merged by key, then without the deleted ones."""
    file = io.BytesIO()
    pq.write_table(found, file)
    name = f"{_FOLDER}_{day:%Y%m%d}"
    platform.storage.put(file.getvalue(), f"bronze/{name}/orders.parquet")
    platform.dremio.promote(["lake_bronze", name])
    planted = f'lake_bronze."{name}"'
    if platform.dremio.find(["gold", "orders"]) is None:
        platform.dremio.run(f"create table gold.orders as select * from {planted}")
    else:
        changes = ", ".join(f"{each} = found.{each}" for each in _SCHEMA.names[1:])
        values = ", ".join(f"found.{each}" for each in _SCHEMA.names)
        merge = _MERGE.format(planted=planted, changes=changes, names=", ".join(_SCHEMA.names), values=values)
        platform.dremio.run(merge)
    platform.dremio.run("delete from gold.orders where status = 'deleted'")


def _as_published(platform: StreamPlatform, day: date, position: int) -> None:
    """What the ledgers of a night hold then: its sync, where the log was before it, and that gold has it."""
    job = f"planted-{day}"
    connection = platform.postgres.get_conn()
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(
                "insert into landing_syncs"
                " (source, business_date, job_id, jobs, rows_emitted, bytes, per_stream)"
                " values ('postgres', %s, %s, '[]', 0, 0, '{}') returning completed_at",
                (day, job),
            )
            [completed_at] = cursor.fetchone()
            cursor.execute(
                "insert into source_positions (source, job_id, business_date, lsn)"
                " values ('postgres', %s, %s, %s)",
                (job, day, position),
            )
            cursor.execute(
                "insert into published_claims (source, business_date, claimed_at, published_at)"
                " values ('postgres', %s, %s, clock_timestamp())",
                (day, completed_at),
            )
    finally:
        connection.close()
