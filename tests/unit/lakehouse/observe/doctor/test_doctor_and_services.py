"""Services that refuse, lack rights, or have another clock."""

# ruff: noqa: E501 - the cases are tables: one row per line.

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lakehouse.observe.doctor import connections
from lakehouse.observe.doctor.clock import clock_look
from lakehouse.observe.doctor.finding import Severity
from lakehouse.observe.doctor.surroundings import Surroundings
from lakehouse.platform import names
from tests.unit.lakehouse.observe.doctor.clinic import (
    EMBEDDED,
    ScriptedSurroundings,
    connected,
)

NOW = datetime.now(UTC)
LOOKS = {conn_id: look for conn_id, (look, _) in connections.connection_looks().items()}


@contextmanager
def answering(
    status: int = 200, body: str = "{}", date: datetime | None = None, elastic: bool = False
) -> Iterator[str]:
    """A server that gives the same answer to everything; its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(status)
            self.send_header("Date", format_datetime(date or datetime.now(UTC), usegmt=True))
            if elastic:
                self.send_header("X-Elastic-Product", "Elasticsearch")
                self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("minutes", "severity"), [(0, None), (1, Severity.WARN), (-1, Severity.WARN), (30, Severity.ERROR)]
)
@pytest.mark.parametrize("service", ["superset", "airbyte", "dremio", "airflow"])
def test_a_clock_that_is_off_is_named(service: str, minutes: int, severity: Severity | None) -> None:
    class Service(NamedTuple):
        base_url: str
        url: str

    with answering(status=404, date=datetime.now(UTC) + timedelta(minutes=minutes)) as url:
        around = ScriptedSurroundings(environ={}, services={service: Service(url, url)})
        found = list(clock_look(service)(around))
    assert [each.severity for each in found] == ([severity] if severity else [])


@pytest.mark.parametrize(
    ("conn_id", "service"),
    [
        (names.DREMIO_CONNECTION, "dremio"),
        (names.AIRBYTE_CONNECTION, "airbyte"),
        (names.SUPERSET_CONNECTION, "superset"),
        (names.AIRFLOW_CONNECTION, "airflow"),
    ],
)
def test_a_service_that_refuses_the_login_is_named_with_what_starts_it(
    monkeypatch: pytest.MonkeyPatch, conn_id: str, service: str
) -> None:
    with answering(status=401) as url:
        connected(monkeypatch, conn_id, host=url, login="lakehouse", password="wrong-word")
        if conn_id == names.DREMIO_CONNECTION:
            host, port = url.removeprefix("http://").split(":")
            connected(
                monkeypatch, conn_id, host=host, port=int(port), login="lakehouse", password="wrong-word"
            )
        [found] = LOOKS[conn_id](Surroundings(environ=EMBEDDED))
    assert found.what == f"{conn_id} does not answer, or refuses"
    assert found.command == f'make up SERVICE="{service}"'
    assert "wrong-word" not in repr(found)


@pytest.mark.needs_shop
@pytest.mark.parametrize(
    ("status", "words"), [(200, None), (404, None), (401, "refuses its token"), (503, "fails")]
)
def test_a_rest_source_is_asked_with_its_token(
    monkeypatch: pytest.MonkeyPatch, status: int, words: str | None
) -> None:
    with answering(status=status) as url:
        connected(monkeypatch, "shop_api", host=url, password="token-of-the-shop")
        found = list(LOOKS["shop_api"](Surroundings(environ=EMBEDDED)))
    assert len(found) == (0 if words is None else 1)
    assert words is None or words in found[0].what


@pytest.mark.parametrize(
    ("addresses", "words"),
    [
        ("file:///tmp/alerts.jsonl", None),
        ("json://127.0.0.1:9/hook", None),
        ("", "names no notifier"),
        ("nobody-knows://address-with-a-token", "does not understand"),
        (None, "ALERTS_URLS in airflow_settings.yaml has no value"),
    ],
)
def test_alerts_that_nobody_would_get(
    monkeypatch: pytest.MonkeyPatch, addresses: str | None, words: str | None
) -> None:
    if addresses is not None:
        connected(monkeypatch, names.ALERTS_CONNECTION, password=addresses)
    found = list(LOOKS[names.ALERTS_CONNECTION](Surroundings(environ=EMBEDDED)))
    assert len(found) == (0 if words is None else 1)
    assert words is None or words in found[0].evidence
    assert "address-with-a-token" not in repr(found)


@pytest.mark.parametrize(("status", "severity"), [("green", None), ("yellow", None), ("red", Severity.ERROR)])
def test_elasticsearch_that_has_lost_shards(
    monkeypatch: pytest.MonkeyPatch, status: str, severity: Severity | None
) -> None:
    with answering(body=json.dumps({"status": status}), elastic=True) as url:
        host, port = url.removeprefix("http://").split(":")
        connected(monkeypatch, names.ELASTICSEARCH_CONNECTION, host=host, port=int(port), schema="http")
        found = list(LOOKS[names.ELASTICSEARCH_CONNECTION](Surroundings(environ=EMBEDDED)))
    assert [each.severity for each in found] == ([severity] if severity else [])
    off = list(LOOKS[names.ELASTICSEARCH_CONNECTION](Surroundings(environ=EMBEDDED)))
    assert [(each.severity, each.command) for each in off] == [(Severity.NOTE, "make up OBSERVE=1")]
    [down] = LOOKS[names.ELASTICSEARCH_CONNECTION](Surroundings(environ={}))
    assert down.severity is Severity.ERROR


@pytest.mark.needs_shop
def test_a_folder_of_drops_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for path, count in ((tmp_path, 0), (tmp_path / "absent", 1)):
        connected(monkeypatch, "shop_files", conn_type="fs", extra={"path": str(path)})
        assert len(list(LOOKS["shop_files"](Surroundings(environ={})))) == count


class Superset:
    """A user with some roles."""

    base_url = "http://superset"

    def __init__(self, roles: dict[str, list[list[str]]]) -> None:
        self.roles = roles

    def get(self, path: str, params: Any = None) -> dict[str, Any]:
        return {"result": {"roles": self.roles}}


@pytest.mark.parametrize(
    ("roles", "missing"),
    [
        ({"Admin": []}, None),
        ({"Warmer": [["can_read", "Dashboard"], ["can_read", "Chart"], ["can_warm_up_cache", "Chart"], ["can_import_", "ImportExportRestApi"]]}, None),
        ({"Gamma": [["can_read", "Dashboard"], ["can_read", "Chart"]]}, "can_warm_up_cache on Chart"),
        ({}, "can_read on Dashboard"),
    ],
)  # fmt: skip
def test_rights_that_are_missing_in_superset(roles: Any, missing: str | None) -> None:
    around = ScriptedSurroundings(environ=EMBEDDED, services={"superset": Superset(roles)})
    found = list(LOOKS[names.SUPERSET_CONNECTION](around))
    assert len(found) == (0 if missing is None else 1)
    assert missing is None or missing in found[0].evidence


def test_airbyte_without_a_workspace_and_dremio_that_answers_wrongly() -> None:
    class Airbyte:
        base_url = "http://airbyte"

        def listed(self, path: str, **_: Any) -> Iterator[dict[str, Any]]:
            yield from ()

    class Dremio:
        def query(self, sql: str, timeout: float) -> list[dict[str, Any]]:
            return [{"answer": 2}]

    around = ScriptedSurroundings(environ=EMBEDDED, services={"airbyte": Airbyte(), "dremio": Dremio()})
    [found] = LOOKS[names.AIRBYTE_CONNECTION](around)
    assert "has no workspace" in found.what
    [found] = LOOKS[names.DREMIO_CONNECTION](around)
    assert "answers a query wrongly" in found.what
