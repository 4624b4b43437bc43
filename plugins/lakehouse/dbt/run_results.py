"""dbt's own account of a run (target/run_results.json), read: what ran, what failed, how many rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lakehouse.platform.errors import PermanentError, TransientError
from lakehouse.receipts import StageReport


class DataTestFailedError(PermanentError):
    """A dbt test found rows that must not be: the data has to change, not the number of attempts."""


class DbtModelFaultError(PermanentError):
    """A model or test that cannot be compiled, or whose statement Dremio does not accept as it is written."""


_FAULTS = ("Compilation Error", "PARSE ERROR", "VALIDATION ERROR", "PERMISSION ERROR", "FUNCTION ERROR")
"""dbt's and Dremio's words for what a rerun meets again."""


class DbtModelError(TransientError):
    """Dremio refused or lost a model's or a test's statement. The message carries Dremio's own words."""


@dataclass(frozen=True)
class NodeResult:
    """What became of one model or test."""

    unique_id: str
    status: str
    """dbt's word: success, error, skipped; for tests pass, warn, fail, error, skipped."""
    message: str
    rows: int | None
    """Rows the model's last statement wrote, where Dremio said so; for a test, rows that failed it."""
    seconds: float
    compiled: str | None = None
    """The statement of a test that failed: it selects the bad rows."""

    @property
    def kind(self) -> str:
        """`model` or `test`."""
        return self.unique_id.split(".", 1)[0]

    @property
    def name(self) -> str:
        return self.unique_id.split(".")[2]


@dataclass(frozen=True)
class RunResults:
    """One dbt invocation."""

    invocation_id: str
    started_at: datetime
    completed_at: datetime
    results: tuple[NodeResult, ...]

    def of_kind(self, kind: str) -> list[NodeResult]:
        return [result for result in self.results if result.kind == kind]

    @property
    def status(self) -> str:
        """`error` if anything could not run, else `fail` if a test failed, else `success`."""
        states = {result.status for result in self.results}
        return next((state for state in ("error", "fail") if state in states), "success")


def read_run_results(path: Path) -> RunResults:
    """Read a run_results.json (schema v6, dbt 1.11).

    Raises:
        FileNotFoundError: dbt ended before it ran anything.
    """
    document = json.loads(path.read_text(encoding="utf-8"))
    metadata = document["metadata"]
    return RunResults(
        invocation_id=metadata["invocation_id"],
        started_at=datetime.fromisoformat(metadata["invocation_started_at"]),
        completed_at=datetime.fromisoformat(metadata["generated_at"]),
        results=tuple(_node_result(each) for each in document["results"]),
    )


def stage_report(run: RunResults) -> StageReport:
    """The run's part of its stage: rows out are the rows that models wrote."""
    models, tests = run.of_kind("model"), run.of_kind("test")
    return StageReport(
        rows_in=0,
        rows_out=sum(model.rows or 0 for model in models),
        rows_quarantined=0,
        bytes=0,
        external_jobs=[{"system": "dbt", "id": run.invocation_id, "url": None}],
        detail={
            "models": {model.name: {"rows": model.rows, "seconds": model.seconds} for model in models},
            "tests": {"passed": _count(tests, "pass"), "warned": _count(tests, "warn"), "run": len(tests)},
        },
    )


def refuse_failures(run: RunResults) -> None:
    """Raise unless everything that ran succeeded.

    Raises:
        DbtModelError: a statement could not run.
        DbtModelFaultError: no statement that could not run ever will, as they are.
        DataTestFailedError: every statement ran, and a test found bad rows.
    """
    broken = [result for result in run.results if result.status in ("error", "runtime error")]
    if broken:
        words = "; ".join(f"{each.kind} {each.name}: {_one_line(each.message)}" for each in broken)
        if all(any(fault in each.message for fault in _FAULTS) for each in broken):
            raise DbtModelFaultError(f"{words}. Fix the model in include/dbt, then clear this task")
        raise DbtModelError(words)
    failed = [result for result in run.of_kind("test") if result.status == "fail"]
    if failed:
        found = "; ".join(f"{test.name} found {test.rows} bad rows" for test in failed)
        raise DataTestFailedError(
            f"{len(failed)} of {len(run.of_kind('test'))} data tests failed: {found}. Nothing behind this "
            "task has run. Fix the source, or the model in include/dbt, then clear this stage for the date"
        )


def _node_result(each: dict[str, Any]) -> NodeResult:
    rows = each.get("failures")
    if rows is None:
        affected = (each.get("adapter_response") or {}).get("rows_affected")
        # dbt-dremio answers -1 where Dremio gave no count.
        rows = affected if isinstance(affected, int) and affected >= 0 else None
    return NodeResult(
        unique_id=each["unique_id"],
        status=each["status"],
        message=each.get("message") or "",
        rows=rows,
        seconds=round(float(each.get("execution_time") or 0), 2),
        compiled=each.get("compiled_code") if each["status"] in ("fail", "warn") else None,
    )


def _count(results: Sequence[NodeResult], status: str) -> int:
    return sum(result.status == status for result in results)


def _one_line(text: str) -> str:
    return " ".join(text.split())
