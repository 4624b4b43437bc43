"""What a reflection is and where it stands, as the REST API and sys.reflections show it."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from embedded.dremio.catalog.entities import Path, dotted

EXPIRES_SECONDS = 3 * 3600


@dataclass(frozen=True)
class Status:
    """Where a reflection stands. Times are texts in UTC; durations are milliseconds."""

    refreshing: bool = False
    table: str | None = None
    last_data_fetch: str | None = None
    last_refresh_finished: str | None = None
    duration_ms: int | None = None
    failures: int = 0
    failure: str | None = None
    rows: int = 0


@dataclass(frozen=True)
class Reflection:
    """A definition as the REST API sends it (`body`) and its status."""

    id: str
    dataset_id: str
    name: str
    tag: str
    created_at: str
    updated_at: str
    body: dict[str, Any]
    status: Status = field(default_factory=Status)

    @property
    def enabled(self) -> bool:
        """Whether it is kept fresh and may serve."""
        return bool(self.body.get("enabled", True))


def system_table(reflections: list[Reflection], path_of: Callable[[Reflection], Path | None]) -> pa.Table:
    """sys.reflections."""
    rows = []
    for r in reflections:
        path = path_of(r)
        if path is None:
            continue
        names = {k: ", ".join(f["name"] for f in r.body.get(k) or []) for k in _LISTS}
        rows.append(
            {
                "reflection_id": r.id,
                "reflection_name": r.name,
                "type": r.body["type"],
                "status": rest_status(r, path)["combinedStatus"],
                "dataset_id": r.dataset_id,
                "dataset_name": dotted(path),
                "dataset_type": "DATASET",
                **{column: names[key] for key, column in _LISTS.items()},
                "external_reflection": "",
                "num_failures": r.status.failures,
                "arrow_cache": False,
                "record_count": r.status.rows,
                "last_refresh": r.status.last_data_fetch or "",
            }
        )
    columns = {
        name: pa.array([row[name] for row in rows], type=kind) for name, kind in _SYSTEM_COLUMNS.items()
    }
    return pa.table(columns)


_LISTS = {
    "displayFields": "display_columns",
    "dimensionFields": "dimensions",
    "measureFields": "measures",
    "sortFields": "sort_columns",
    "partitionFields": "partition_columns",
    "distributionFields": "distribution_columns",
}
_SYSTEM_COLUMNS = {
    "reflection_id": pa.string(),
    "reflection_name": pa.string(),
    "type": pa.string(),
    "status": pa.string(),
    "dataset_id": pa.string(),
    "dataset_name": pa.string(),
    "dataset_type": pa.string(),
    "sort_columns": pa.string(),
    "partition_columns": pa.string(),
    "distribution_columns": pa.string(),
    "dimensions": pa.string(),
    "measures": pa.string(),
    "display_columns": pa.string(),
    "external_reflection": pa.string(),
    "num_failures": pa.int32(),
    "arrow_cache": pa.bool_(),
    "record_count": pa.int64(),
    "last_refresh": pa.string(),
}


def rest_status(reflection: Reflection, path: Path | None) -> dict[str, Any]:
    """The status object of the Reflection API."""
    status = reflection.status
    available = bool(status.table) and reflection.enabled
    if not reflection.enabled:
        combined, refresh = "DISABLED", "MANUAL"
    elif path is None:
        combined, refresh = "INVALID", "MANUAL"
    elif status.refreshing:
        combined, refresh = ("REFRESHING", "RUNNING")
    elif status.failures:
        combined, refresh = ("CAN_ACCELERATE_WITH_FAILURES" if available else "FAILED"), "GIVEN_UP"
    else:
        combined, refresh = ("CAN_ACCELERATE" if available else "NONE"), "MANUAL"
    found: dict[str, Any] = {
        "config": "INVALID" if path is None else "OK",
        "refresh": refresh,
        "availability": "AVAILABLE" if available else "NONE",
        "combinedStatus": combined,
        "refreshMethod": "FULL" if status.table else "NONE",
        "failureCount": status.failures,
        "lastDataFetch": status.last_data_fetch,
        "expiresAt": _expiry(status.last_data_fetch),
        "lastRefreshDurationMillis": status.duration_ms,
        "lastRefreshFinished": status.last_refresh_finished,
    }
    if status.failure:
        found["lastFailureMessage"] = status.failure
    return {k: v for k, v in found.items() if v is not None}


def _expiry(fetched: str | None) -> str | None:
    if fetched is None:
        return None
    moment = datetime.fromisoformat(fetched) + timedelta(seconds=EXPIRES_SECONDS)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def reflection_of(row: sqlite3.Row) -> Reflection:
    """A reflection from its row of the state file."""
    return Reflection(
        id=row["id"],
        dataset_id=row["dataset_id"],
        name=row["name"],
        tag=row["tag"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        body=json.loads(row["body"]),
        status=Status(**json.loads(row["status"])),
    )
