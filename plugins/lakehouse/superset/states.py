"""The states of a chart's query, as Superset's REST API spells them (`QueryStatus` of superset-frontend)."""

from __future__ import annotations

from lakehouse.platform.remote_state import RemoteState


class QueryStatus(RemoteState):
    """How the query of a chart ended, or how far it is. Only SUCCESS is success."""

    PENDING = "pending"
    RUNNING = "running"
    SCHEDULED = "scheduled"
    STARTED = "started"
    FETCHING = "fetching"
    RENDERING = "rendering"
    SUCCESS = "success"
    STOPPED = "stopped"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    UNKNOWN = "unknown"
