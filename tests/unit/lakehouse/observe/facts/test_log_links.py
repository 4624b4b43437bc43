"""From a task to its log: an address that opens where the reader is."""

from __future__ import annotations

from types import SimpleNamespace
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from airflow.plugins_manager import get_global_operator_extra_links

from lakehouse.observe.facts.log_links import log_url
from lakehouse.observe.logs.task_link import LogSearchLink

RUN = "asset_triggered__2026-11-29T04:56:41.162696+00:00_Blc"


def test_it_is_a_page_of_airflow() -> None:
    url = log_url(
        "load_bronze", RUN, "load", 2, 3, environment={"AIRFLOW__API__BASE_URL": "https://airflow.example/x/"}
    )
    parts = urlsplit(url)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://airflow.example/x/lakehouse/logs"
    expected = {
        "stage": ["load_bronze"],
        "run_id": [RUN],
        "task": ["load"],
        "attempt": ["2"],
        "map_index": ["3"],
    }
    assert parse_qs(parts.query) == expected


def test_without_airflows_address_it_is_a_path() -> None:
    assert log_url("a", "b", "c", environment={}) == "/lakehouse/logs?stage=a&run_id=b&task=c"


def test_kibana_or_another_page_gets_the_query() -> None:
    template = "https://kibana.example/app/discover#/?_a=(query:(language:kuery,query:'{query}'))"
    url = log_url('a"b', RUN, "load", 1, environment={"LAKEHOUSE_LOG_SEARCH_URL": template})
    assert unquote(url).endswith(f'\'stage:"a\\"b" and run_id:"{RUN}" and task:"load" and attempt:1\'))')
    assert '"' not in url


def test_every_task_has_the_button(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "http://here")
    names = [link.name for link in get_global_operator_extra_links()]
    assert names.count("Log search") == 1
    key = SimpleNamespace(dag_id="d", run_id="r", task_id="t", try_number=1, map_index=-1)
    assert (
        LogSearchLink().get_link(None, ti_key=key)
        == "http://here/lakehouse/logs?stage=d&run_id=r&task=t&attempt=1"
    )
