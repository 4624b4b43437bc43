"""The connections of a made-up café, for tests that must hold whatever business the repository declares.

It has a connection of each kind, all with the prefix `cafe_`: one of its tables is called like the shop's.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from lakehouse.airbyte import connection_file

_POSTGRES = """\
name: cafe_postgres_to_lake
business: cafe
cadence: large_table
source:
  name: cafe_postgres
  type: postgres
  airflow_connection: cafe_postgres
  configuration:
    schemas: [public]
    replication_method: {method: Standard}
prefix: cafe_
streams:
  - name: orders
    sync_mode: incremental
    destination_sync_mode: append_dedup
    cursor_field: updated_at
    primary_key: [order_id]
  - name: tables
    sync_mode: full_refresh
    destination_sync_mode: overwrite
    primary_key: [table_id]
"""
_CDC = """\
name: cafe_postgres_cdc_to_lake
business: cafe
cadence: small_table
source:
  name: cafe_postgres_cdc
  type: postgres
  airflow_connection: cafe_postgres
  configuration:
    schemas: [public]
    replication_method:
      method: CDC
      plugin: pgoutput
      publication: cafe_publication
      replication_slot: cafe_slot
prefix: cafe_
streams:
  - name: stock
    sync_mode: incremental
    destination_sync_mode: append_dedup
    primary_key: [item, shelf]
"""
_API = """\
name: cafe_api_to_lake
business: cafe
cadence: small_table
source:
  name: cafe_api
  type: declarative
  manifest: cafe_api.yaml
  airflow_connection: cafe_api
  configuration:
    page_size: 100
prefix: cafe_
streams:
  - name: deliveries
    sync_mode: incremental
    destination_sync_mode: append_dedup
    cursor_field: updated_at
    primary_key: [delivery_id]
tuning:
  max_retries: 1
"""
_FILES = """\
name: cafe_files_to_lake
business: cafe
cadence: dimension_table
source:
  name: cafe_files
  type: file
  airflow_connection: cafe_files
  configuration:
    streams:
      - name: visits
        globs: ["visits_*.csv"]
        format: {filetype: csv, encoding: utf-8-sig}
prefix: cafe_
streams:
  - name: visits
    sync_mode: incremental
    destination_sync_mode: append_dedup
    primary_key: [day, hour]
"""
_MANIFEST = """\
version: 7.0.0
type: DeclarativeSource
check:
  type: CheckStream
  stream_names: [deliveries]
"""

CAFE_FILES: Final[Mapping[str, str]] = {
    "cafe_api_to_lake.yaml": _API,
    "cafe_files_to_lake.yaml": _FILES,
    "cafe_postgres_cdc_to_lake.yaml": _CDC,
    "cafe_postgres_to_lake.yaml": _POSTGRES,
    "manifests/cafe_api.yaml": _MANIFEST,
}
"""What `include/airbyte/` would hold, by path in it."""


def declare_the_cafe(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the café's connections, and have them read instead of the repository's; the folder."""
    for name, text in CAFE_FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.setattr(connection_file, "CONNECTION_FILES", folder)
    monkeypatch.setattr(connection_file, "MANIFESTS", folder / "manifests")
    return folder
