"""sys.reflections, sys.materializations, sys.refreshes, sys.reflection_dependencies.

Columns as docs.dremio.com, System Tables, has them for 26.x; sys.refreshes is not documented there and has
what Dremio's own monitoring reads of it.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import pyarrow as pa

from dremio_engine.paths import dotted
from dremio_engine.reflections.overview import Overview
from dremio_engine.reflections.status import Shown, moment_of, rest_status
from dremio_engine.reflections.store import Materialisation, ReflectionStore
from dremio_engine.reflections.usage import Usage
from dremio_engine.tables.system_tables import Makers

_TEXT, _MOMENT = pa.string(), pa.timestamp("ms")
_LISTS = {
    "displayFields": "display_columns",
    "dimensionFields": "dimensions",
    "measureFields": "measures",
    "sortFields": "sort_columns",
    "partitionFields": "partition_columns",
    "distributionFields": "distribution_columns",
}
_REFLECTIONS = {
    "reflection_id": _TEXT, "reflection_name": _TEXT, "type": _TEXT, "created_at": _MOMENT,
    "updated_at": _MOMENT, "status": _TEXT, "dataset_id": _TEXT, "dataset_name": _TEXT, "dataset_type": _TEXT,
    "sort_columns": _TEXT, "partition_columns": _TEXT, "distribution_columns": _TEXT, "dimensions": _TEXT,
    "measures": _TEXT, "display_columns": _TEXT, "external_reflection": _TEXT, "num_failures": pa.int32(),
    "last_failure_message": _TEXT, "last_failure_stack": _TEXT, "arrow_cache": pa.bool_(),
    "refresh_status": _TEXT, "acceleration_status": _TEXT, "record_count": pa.int64(),
    "current_footprint_bytes": pa.int64(), "total_footprint_bytes": pa.int64(),
    "last_refresh_duration_millis": pa.int64(), "last_refresh_from_table": _MOMENT, "refresh_method": _TEXT,
    "available_until": _MOMENT, "considered_count": pa.int32(), "matched_count": pa.int32(),
    "accelerated_count": pa.int32(), "reflection_mode": _TEXT, "last_refresh_decision": _TEXT,
    "last_refresh_finished": _MOMENT,
}  # fmt: skip
_MATERIALIZATIONS = {
    "reflection_id": _TEXT, "materialization_id": _TEXT, "created": _MOMENT, "expires": _MOMENT,
    "size_bytes": pa.int64(), "series_id": _TEXT, "init_refresh_job_id": _TEXT, "series_ordinal": pa.int32(),
    "join_analysis": _TEXT, "state": _TEXT, "failure_msg": _TEXT, "data_partitions": _TEXT,
    "last_refresh_from_pds": _MOMENT, "last_refresh_finished": _MOMENT,
    "last_refresh_duration_millis": pa.int64(), "refresh_decision": _TEXT, "is_stale": pa.bool_(),
}  # fmt: skip
_REFRESHES = {
    "id": _TEXT, "reflection_id": _TEXT, "series_id": _TEXT, "created_at": _MOMENT, "modified_at": _MOMENT,
    "path": _TEXT, "job_id": _TEXT, "job_start": _MOMENT, "job_end": _MOMENT, "input_bytes": pa.int64(),
    "input_records": pa.int64(), "output_bytes": pa.int64(), "output_records": pa.int64(),
    "footprint": pa.int64(), "original_cost": pa.float64(), "update_id": _TEXT, "partition": _TEXT,
    "series_ordinal": pa.int32(),
}  # fmt: skip
_DEPENDENCIES = {
    "reflection_id": _TEXT, "dependency_id": _TEXT, "dependency_type": _TEXT, "dependency_path": _TEXT,
}  # fmt: skip


def reflection_tables(store: ReflectionStore, overview: Overview, usage: Usage) -> Makers:
    """How each of the tables is made."""
    return {
        ("sys", "reflections"): lambda: reflections(
            overview.shown(), usage.counts(), {m.reflection_id: m.decision for m in store.history()}
        ),
        ("sys", "materializations"): lambda: materializations(store.history(), overview.is_stale),
        ("sys", "refreshes"): lambda: refreshes(store.history()),
        ("sys", "reflection_dependencies"): lambda: dependencies(store.history()),
    }


def reflections(
    shown: Iterable[Shown], counts: Counter[tuple[str, str]], decisions: dict[str, str]
) -> pa.Table:
    """sys.reflections: one row per reflection whose dataset is there."""
    rows = []
    for each in shown:
        r, path = each.reflection, each.standing.path
        if path is None:
            continue
        status = rest_status(r, each.standing)
        rows.append(
            {
                "reflection_id": r.id, "reflection_name": r.name, "type": r.body["type"],
                "created_at": _moment(r.created_at), "updated_at": _moment(r.updated_at),
                "status": status["combinedStatus"], "dataset_id": r.dataset_id, "dataset_name": dotted(path),
                "dataset_type": each.dataset_type,
                **{c: ", ".join(f["name"] for f in r.body.get(k) or []) for k, c in _LISTS.items()},
                "external_reflection": "", "num_failures": r.status.failures,
                "last_failure_message": r.status.failure or "", "last_failure_stack": "",
                "arrow_cache": False, "refresh_status": status["refresh"],
                "acceleration_status": status["availability"], "record_count": each.rows,
                "current_footprint_bytes": each.bytes, "total_footprint_bytes": each.bytes,
                "last_refresh_duration_millis": -1 if r.status.duration_ms is None else r.status.duration_ms,
                "last_refresh_from_table": _moment(r.status.last_data_fetch),
                "refresh_method": status["refreshMethod"],
                "available_until": _moment(status.get("expiresAt")),
                "considered_count": counts[r.id, "CONSIDERED"], "matched_count": counts[r.id, "MATCHED"],
                "accelerated_count": counts[r.id, "CHOSEN"], "reflection_mode": "Manual",
                "last_refresh_decision": decisions.get(r.id, ""),
                "last_refresh_finished": _moment(r.status.last_refresh_finished),
            }
        )  # fmt: skip
    return _table(_REFLECTIONS, rows)


def materializations(
    history: Iterable[Materialisation], is_stale: Callable[[Materialisation], bool]
) -> pa.Table:
    """sys.materializations: one row per refresh that is remembered."""
    rows = []
    for made in history:
        joined = [{"tableId": i, "tableSchemaPath": path} for i, path in enumerate(made.paths.values())]
        rows.append(
            {
                "reflection_id": made.reflection_id, "materialization_id": made.id,
                "created": _moment(made.created_at), "expires": None, "size_bytes": made.bytes,
                "series_id": made.series, "init_refresh_job_id": "", "series_ordinal": made.ordinal,
                "join_analysis": json.dumps({"joinTables": joined}), "state": made.state,
                "failure_msg": made.failure or "NONE", "data_partitions": "",
                "last_refresh_from_pds": _moment(made.created_at),
                "last_refresh_finished": _moment(made.finished_at),
                "last_refresh_duration_millis": made.duration_ms, "refresh_decision": made.decision,
                "is_stale": made.state == "DONE" and is_stale(made),
            }
        )  # fmt: skip
    return _table(_MATERIALIZATIONS, rows)


def refreshes(history: Iterable[Materialisation]) -> pa.Table:
    """sys.refreshes: the refreshes that built something."""
    rows = [
        {
            "id": made.id, "reflection_id": made.reflection_id, "series_id": made.series,
            "created_at": _moment(made.created_at), "modified_at": _moment(made.finished_at),
            "path": made.table or "", "job_id": "", "job_start": _moment(made.created_at),
            "job_end": _moment(made.finished_at), "input_bytes": -1, "input_records": -1,
            "output_bytes": made.bytes, "output_records": made.rows, "footprint": made.bytes,
            "original_cost": 0.0, "update_id": "", "partition": "", "series_ordinal": made.ordinal,
        }
        for made in history
        if made.state != "FAILED"
    ]  # fmt: skip
    return _table(_REFRESHES, rows)


def dependencies(history: Iterable[Materialisation]) -> pa.Table:
    """sys.reflection_dependencies: every dataset below each reflection that has been built."""
    rows = [
        {
            "reflection_id": made.reflection_id, "dependency_id": dataset_id, "dependency_type": "DATASET",
            "dependency_path": f"[{', '.join(path)}]",
        }
        for made in history
        if made.state == "DONE"
        for dataset_id, path in made.paths.items()
    ]  # fmt: skip
    return _table(_DEPENDENCIES, rows)


def _table(columns: dict[str, pa.DataType], rows: list[dict[str, Any]]) -> pa.Table:
    return pa.table({n: pa.array([row[n] for row in rows], type=kind) for n, kind in columns.items()})


def _moment(text: str | None) -> datetime | None:
    return moment_of(text).replace(tzinfo=None) if text else None
