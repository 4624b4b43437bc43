"""Parquet files in a bucket, and the call that makes a folder of them a table."""

import io
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from testing.engine_on_the_wire import Client, ObjectStore


def put_parquet(store: ObjectStore, key: str, columns: dict[str, Any]) -> None:
    """One file in the bucket `datalake`."""
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    store.client.put_object(Bucket="datalake", Key=key, Body=buffer.getvalue())


def promote(client: Client, *path: str) -> Any:
    """The answer to the call."""
    body = {
        "entityType": "dataset",
        "id": "dremio:/" + "/".join(path),
        "path": list(path),
        "type": "PHYSICAL_DATASET",
        "format": {"type": "Parquet"},
    }
    return client.http.post(f"/api/v3/catalog/{quote(str(body['id']), safe='')}", json=body)
