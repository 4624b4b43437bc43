"""A job's profile: where its time went, what it read, and what reflections were to it."""

from typing import Any

from dremio_engine.jobs.history import JobRecord
from dremio_engine.jobs.job import FINAL

# Dremio's profile is a protobuf of its own executors; this is the part of it that says something here.
RELATIONSHIPS = ("CONSIDERED", "MATCHED", "CHOSEN")


def profile(record: JobRecord) -> dict[str, Any]:
    """Times in milliseconds since 1970, durations in milliseconds; a phase that lasts has no `endedAt`."""
    phases: list[dict[str, Any]] = []
    for index, (state, moment) in enumerate(record.states):
        phase: dict[str, Any] = {"phase": state, "startedAt": _milliseconds(moment)}
        if state in FINAL:
            phase |= {"endedAt": _milliseconds(moment), "durationMillis": 0}
        elif index + 1 < len(record.states):
            end = record.states[index + 1][1]
            phase |= {"endedAt": _milliseconds(end), "durationMillis": round((end - moment) * 1000, 3)}
        phases.append(phase)
    reflections = {
        kind.lower(): [
            {"datasetId": r.dataset_id, "reflectionId": r.reflection_id}
            for r in record.relationships
            if r.relationship == kind
        ]
        for kind in RELATIONSHIPS
    }
    return {
        "jobId": record.id,
        "user": record.user,
        "query": record.sql,
        "context": list(record.context),
        "queryType": record.query_type,
        "state": record.state,
        "error": record.error,
        "cancellationReason": record.cancellation_reason,
        "phases": phases,
        "datasets": list(record.datasets),
        "rowsReturned": record.row_count or 0,
        "bytesReturned": record.result_bytes,
        "accelerated": record.accelerated,
        "reflections": reflections,
    }


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
