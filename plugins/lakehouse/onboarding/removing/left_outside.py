"""What a business leaves outside of the repository, and the commands that take it away. None is run here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lakehouse.airbyte.connection_file import ConnectionFile
from lakehouse.onboarding.removing.ownership import Owned
from lakehouse.platform.lake_layout import (
    LAYER_FOLDERS,
    QUARANTINE,
    STREAM_BRONZE,
    bronze_folder,
    landing_folder,
)


def left_outside(owned: Owned) -> Iterator[str]:
    """Lines for people: each thing that stays, below it what removes it."""
    yield "What is left, until you take it away:"
    if owned.connections:
        names = " ".join(each.name for each in owned.connections)
        yield "  Airbyte: its connections and sources"
        yield f"    bin/airbyte forget {names}"
    for each in owned.connections:
        yield from _captured(each)
    yield "  the lake: what has landed, bronze, and the tables of its models"
    for folder in _folders(owned):
        yield f"    aws s3 rm --recursive s3://$LAKE_S3_BUCKET/{folder}"
    yield "  Dremio: its views and tables"
    for statement in _statements(owned):
        yield f"    {statement};"
    if owned.superset.slugs:
        yield "  Superset: its dashboards, with their charts and datasets; delete them in the list of each"
        for slug in owned.superset.slugs:
            yield f"    $SUPERSET_URL/superset/dashboard/{slug}/"
    yield "  PostgreSQL: the ledger and the receipts of its nights, until bin/retention deletes the old ones"


def _captured(connection: ConnectionFile) -> Iterator[str]:
    """A replication slot that nobody reads fills the source's disk."""
    method = connection.source.configuration.get("replication_method")
    if not isinstance(method, Mapping) or not method.get("replication_slot"):
        return
    yield f"  the source of {connection.name}: its replication slot, which holds back the server's log"
    yield f"    select pg_drop_replication_slot('{method['replication_slot']}');"
    if method.get("publication"):
        yield f"    drop publication {method['publication']};"


def _folders(owned: Owned) -> Iterator[str]:
    for each in owned.connections:
        yield landing_folder(each.source_folder)
        if each.cadence == "stream":
            yield STREAM_BRONZE
            yield f"{QUARANTINE}stream/"
        else:
            # The folder of all streams of the source.
            yield bronze_folder(each.source_folder, "").rstrip("/") + "/"
    for stream in owned.streams:
        yield f"{QUARANTINE}{stream}/"
    if owned.has_stream:
        yield LAYER_FOLDERS["hot"]


def _statements(owned: Owned) -> Iterator[str]:
    for source in owned.dbt.sources:
        yield f"drop view bronze.{source}"
    for relation in sorted(owned.dbt.relations):
        yield f"drop table {relation}"
