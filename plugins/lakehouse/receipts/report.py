"""What a task says about its work. Operators return it (as their XCom), the receipt collects it."""

from __future__ import annotations

from typing import Any, TypedDict


class ExternalJob(TypedDict):
    """A piece of work another system did for us: an Airbyte job, a Dremio query."""

    system: str
    id: str
    url: str | None


class StageReport(TypedDict):
    """One task's part of its stage. Counts are rows; `bytes` are bytes moved or written.

    A stage's figures are the sums of its tasks' reports, so a task that only looks (a catalog refresh,
    a check) reports zero rows.
    """

    rows_in: int
    rows_out: int
    rows_quarantined: int
    bytes: int
    external_jobs: list[ExternalJob]
    detail: dict[str, Any]


def empty_report(**detail: Any) -> StageReport:
    """A report of no rows, with the given detail."""
    return StageReport(rows_in=0, rows_out=0, rows_quarantined=0, bytes=0, external_jobs=[], detail=detail)
