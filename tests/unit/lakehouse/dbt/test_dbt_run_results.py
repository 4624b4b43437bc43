"""Reading run_results.json: the report, and which failures a retry could fix."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lakehouse.dbt.run_results import (
    DataTestFailedError,
    DbtModelError,
    DbtModelFaultError,
    RunResults,
    read_run_results,
    refuse_failures,
    stage_report,
)
from lakehouse.platform.errors import PermanentError, TransientError

ORDERS = {
    "unique_id": "model.lakehouse.fct_orders",
    "status": "success",
    "message": "OK",
    "adapter_response": {"_message": "1200", "rows_affected": 1200},
    "failures": None,
    "execution_time": 1.234,
}
CUSTOMERS = {
    **ORDERS,
    "unique_id": "model.lakehouse.dim_customers",
    "adapter_response": {"rows_affected": -1},
}
AMOUNTS = {
    "unique_id": "test.lakehouse.assert_positive_amounts",
    "status": "pass",
    "message": None,
    "adapter_response": {},
    "failures": 0,
    "execution_time": 0.2,
}
UNIQUE = {**AMOUNTS, "unique_id": "test.lakehouse.unique_fct_orders_order_id.0ab1"}


def results(tmp_path: Path, *nodes: dict[str, Any]) -> RunResults:
    path = tmp_path / "run_results.json"
    document = {
        "metadata": {
            "invocation_id": "6b5cdbb6-0000-4000-8000-000000000001",
            "invocation_started_at": "2025-10-17T02:30:00.000000+00:00",
            "generated_at": "2025-10-17T02:30:05.500000Z",
        },
        "results": list(nodes),
        "elapsed_time": 5.5,
    }
    path.write_text(json.dumps(document), encoding="utf-8")
    return read_run_results(path)


def test_report_counts_rows_written_and_tests_run(tmp_path: Path) -> None:
    run = results(tmp_path, ORDERS, CUSTOMERS, AMOUNTS)
    report = stage_report(run)
    assert report["rows_out"] == 1200
    assert report["external_jobs"] == [{"system": "dbt", "id": run.invocation_id, "url": None}]
    assert report["detail"]["models"]["dim_customers"] == {"rows": None, "seconds": 1.23}
    assert report["detail"]["tests"] == {"passed": 1, "warned": 0, "run": 1}


def test_row_count_that_dremio_did_not_give_is_unknown_not_minus_one(tmp_path: Path) -> None:
    assert results(tmp_path, CUSTOMERS).results[0].rows is None


def test_run_without_failures_is_accepted(tmp_path: Path) -> None:
    run = results(tmp_path, ORDERS, AMOUNTS, UNIQUE)
    assert run.status == "success"
    refuse_failures(run)


def test_failed_test_is_permanent_and_names_the_test_and_its_rows(tmp_path: Path) -> None:
    run = results(tmp_path, {**AMOUNTS, "status": "fail", "failures": 3}, UNIQUE)
    assert run.status == "fail"
    with pytest.raises(
        DataTestFailedError, match="1 of 2 data tests failed: assert_positive_amounts found 3 bad"
    ):
        refuse_failures(run)
    assert issubclass(DataTestFailedError, PermanentError)


@pytest.mark.parametrize("broken", [ORDERS, AMOUNTS], ids=["model", "test"])
def test_statement_that_could_not_run_is_retried_and_carries_dremios_words(
    tmp_path: Path, broken: dict[str, Any]
) -> None:
    run = results(tmp_path, {**broken, "status": "error", "message": "Runtime Error\n  ERROR: no such table"})
    assert run.status == "error"
    with pytest.raises(DbtModelError, match="Runtime Error ERROR: no such table"):
        refuse_failures(run)
    assert issubclass(DbtModelError, TransientError)


def test_statement_that_can_never_run_is_not_retried(tmp_path: Path) -> None:
    refused = {
        "status": "error",
        "message": "Database Error\n  ERROR: VALIDATION ERROR: Column 'x' not found",
    }
    with pytest.raises(DbtModelFaultError, match=r"Column 'x' not found\. Fix the model"):
        refuse_failures(results(tmp_path, {**ORDERS, **refused}))
    assert issubclass(DbtModelFaultError, PermanentError)
    lost = {**AMOUNTS, "status": "error", "message": "lost connection"}
    with pytest.raises(DbtModelError):
        refuse_failures(results(tmp_path, {**ORDERS, **refused}, lost))


def test_error_outweighs_a_failed_test(tmp_path: Path) -> None:
    failed = {**UNIQUE, "status": "fail", "failures": 1}
    with pytest.raises(DbtModelError):
        refuse_failures(results(tmp_path, failed, {**AMOUNTS, "status": "error", "message": "lost"}))


def test_dbt_that_ran_nothing_leaves_no_results(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_run_results(tmp_path / "run_results.json")
