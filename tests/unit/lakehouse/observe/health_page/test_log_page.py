"""The page with a task's log: who may see it, what it shows, and without Elasticsearch."""

from __future__ import annotations

from typing import Any

import pytest
from elasticsearch import Elasticsearch
from fastapi.testclient import TestClient

from lakehouse.observe.health_page import log_page
from lakehouse.observe.health_page.html import log_html
from lakehouse.observe.logs.search import Question
from tests.unit.lakehouse.observe.health_page.conftest import sign_in

PAGE = "/lakehouse/logs?stage=load_bronze&run_id=a%2Bb&task=load&attempt=2"


def entries(**more: Any) -> list[dict[str, Any]]:
    entry = {
        "timestamp": "2026-11-29T02:00:00.123Z",
        "level": "ERROR",
        "service": "airflow",
        "message": "it failed",
    }
    return [entry | more]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Question]:
    """What Elasticsearch is asked."""
    questions: list[Question] = []

    def newest(client: Elasticsearch, question: Question, most: int) -> tuple[list[dict[str, Any]], int]:
        questions.append(question)
        return entries(message="<script>alert(1)</script>"), 1

    monkeypatch.setattr(log_page, "newest", newest)
    monkeypatch.setenv("AIRFLOW_CONN_ELASTICSEARCH_DEFAULT", "http://127.0.0.1:9")
    return questions


def test_a_browser_without_a_session_is_sent_to_the_sign_in_and_back(
    site: TestClient, asked: list[Question]
) -> None:
    answer = site.get(PAGE)
    assert answer.status_code == 303
    assert "next=%2Flakehouse%2Flogs" in answer.headers["location"]
    assert asked == []


def test_a_user_who_may_not_see_logs_is_refused(site: TestClient, asked: list[Question]) -> None:
    assert sign_in(site, None).get(PAGE).status_code == 403
    assert asked == []


def test_it_shows_what_elasticsearch_has_and_nothing_of_it_as_markup(
    site: TestClient, asked: list[Question]
) -> None:
    answer = sign_in(site, "viewer").get(PAGE)
    assert answer.status_code == 200
    [question] = asked
    assert question.fields == {"stage": "load_bronze", "run_id": "a+b", "task": "load", "attempt": 2}
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
    assert "<script>" not in answer.text
    assert "02:00:00.123" in answer.text
    assert 'href="../dags/load_bronze/runs/a%2Bb/tasks/load"' in answer.text


def test_without_elasticsearch_it_says_so_and_leads_to_airflows_own_log(
    site: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ELASTICSEARCH_DEFAULT", "http://127.0.0.1:9")
    answer = sign_in(site, "viewer").get(PAGE)
    assert answer.status_code == 200
    assert "make up OBSERVE=1" in answer.text
    assert 'href="../dags/load_bronze/runs/a%2Bb/tasks/load"' in answer.text


def test_without_a_connection_it_says_so(site: TestClient) -> None:
    answer = sign_in(site, "viewer").get(PAGE)
    assert answer.status_code == 200
    assert "no Airflow connection elasticsearch_default" in answer.text


@pytest.mark.parametrize("query", ["", "stage=a&run_id=b", "stage=a&run_id=b&task=c&attempt=x"])
def test_an_incomplete_address_is_refused(site: TestClient, query: str) -> None:
    assert sign_in(site, "viewer").get(f"/lakehouse/logs?{query}").status_code == 422


def test_a_task_without_entries_says_why_that_may_be() -> None:
    page = log_html(log_page.LogPage({"stage": "s", "run_id": "r", "task": "t", "map_index": 3}))
    assert "bin/logs status" in page
    assert "t[3]" in page
    assert "/mapped/3" in page
