"""What else is known of a failure: failing tests, quarantined rows with samples, dashboards, links.

Every part is looked for apart from the others and is left out where it cannot be had: a message without a
sample is better than none, and the service that is asked may be the one that failed.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from lakehouse.night.business_date import business_date_or_none
from lakehouse.observe.facts.lineage import read_lineage
from lakehouse.observe.facts.log_links import log_url
from lakehouse.observe.incidents.failure import FailedTask
from lakehouse.observe.incidents.home import is_stage
from lakehouse.observe.incidents.samples import quarantined_samples, rows_that_fail
from lakehouse.platform.connections import connection
from lakehouse.platform.database import PostgresConnections
from lakehouse.platform.names import AIRFLOW_CONNECTION

log = logging.getLogger(__name__)

SYNC_DAG: Final = "sync_"
"""What the DAG of a connection's daytime syncs is called, before the connection's name."""
_TESTS_FAILED: Final = re.compile(r"data tests failed: (?P<tests>.*?)\. Nothing behind this")
_TEST: Final = re.compile(r"(?P<name>[\w.]+) found (?P<rows>\d+) bad rows")
_QUARANTINED: Final = re.compile(
    r"(?P<rows>\d+) of (?P<all>\d+) rows break .*?See s3://[^/]+/(?P<key>\S+?) and ", re.DOTALL
)


def evidence_of(postgres: PostgresConnections) -> Callable[[FailedTask], Mapping[str, Any]]:
    """What looks for the evidence of one failed task; it raises nothing."""

    def look(task: FailedTask) -> Mapping[str, Any]:
        found: dict[str, Any] = {}
        for part in (_dashboards, _run_page, _failing_tests, _quarantine):
            try:
                found |= part(postgres, task)
            except Exception as error:  # noqa: BLE001 - see the module's docstring
                log.info("no evidence from %s: %s: %s", part.__name__, type(error).__name__, error)
        return found

    return look


def _dashboards(_: PostgresConnections, task: FailedTask) -> Mapping[str, Any]:
    # A stage that failed keeps back all of its date, whichever connection it failed for.
    what = task.dag_id if is_stage(task.dag_id) else task.dag_id.removeprefix(SYNC_DAG)
    titles = [each.title for each in read_lineage().dashboards_of(what)]
    return {"dashboards": titles} if titles else {}


def _run_page(_: PostgresConnections, task: FailedTask) -> Mapping[str, Any]:
    base = connection(AIRFLOW_CONNECTION).url()
    run = f"{base}/dags/{quote(task.dag_id)}/runs/{quote(task.run_id, safe='')}"
    page = run if task.try_number == 0 else f"{run}/tasks/{quote(task.task_id, safe='')}"
    if task.map_index >= 0:
        page += f"/mapped/{task.map_index}"
    if task.try_number == 0:
        return {"run_url": page}
    log = log_url(task.dag_id, task.run_id, task.task_id, task.try_number, task.map_index)
    return {"run_url": page, "log_url": log}


def _failing_tests(postgres: PostgresConnections, task: FailedTask) -> Mapping[str, Any]:
    told = _TESTS_FAILED.search(task.error or "")
    night = business_date_or_none(task.partition_key)
    if told is None or night is None:
        return {}
    tests = [(hit["name"], int(hit["rows"])) for hit in _TEST.finditer(told["tests"])]
    listed = {"failing_tests": [f"{name}: {rows} rows" for name, rows in tests]}
    return listed | _samples(rows_that_fail(postgres, task.dag_id, task.task_id, night, _names(tests)))


def _quarantine(_: PostgresConnections, task: FailedTask) -> Mapping[str, Any]:
    told = _QUARANTINED.search(task.error or "")
    if told is None:
        return {}
    listed = {"quarantined_rows": f"{told['rows']} of {told['all']}", "quarantine": told["key"]}
    return listed | _samples(quarantined_samples(told["key"]))


def _samples(rows: Sequence[str]) -> dict[str, Any]:
    return {"sample_rows": list(rows)} if rows else {}


def _names(tests: Sequence[tuple[str, int]]) -> list[str]:
    return [name for name, _ in tests]
