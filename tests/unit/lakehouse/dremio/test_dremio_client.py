"""The REST client against a server that misbehaves on request: what no healthy engine can be made to do."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from lakehouse.dremio.client import PAGE_ROWS, DremioClient
from lakehouse.dremio.errors import (
    DremioConflictError,
    DremioJobCanceledError,
    DremioJobFailedError,
    DremioJobInterruptedError,
    DremioJobTimeoutError,
    DremioNotFoundError,
    DremioRefusedError,
    DremioUnavailableError,
)
from lakehouse.dremio.states import JobState
from lakehouse.platform.errors import PermanentError, TransientError

Answer = tuple[int, Any]


@dataclass
class Server:
    """Answers by method and path; a list of answers is used up, its last one stays."""

    url: str
    answers: dict[str, list[Answer] | Callable[[str], Answer]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    def answer(self, request: str, query: str) -> Answer:
        known = self.answers.get(request, [(404, {"errorMessage": f"nothing at {request}"})])
        if callable(known):
            return known(query)
        return known.pop(0) if len(known) > 1 else known[0]


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            path, _, query = self.path.partition("?")
            request = f"{self.command} {path}"
            state.requests.append(request)
            state.tokens.append(self.headers.get("Authorization", ""))
            status, body = state.answer(request, query)
            payload = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = do_PUT = _handle

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = Server(f"http://127.0.0.1:{http.server_address[1]}")
    state.answers["POST /apiv2/login"] = [(200, {"token": "one"}), (200, {"token": "two"})]
    thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield state
    http.shutdown()
    http.server_close()
    thread.join()


@pytest.fixture
def client(server: Server) -> DremioClient:
    return DremioClient(server.url, "someone", "secret")


def test_an_expired_token_is_renewed_once_and_the_call_repeated(server: Server, client: DremioClient) -> None:
    server.answers["GET /api/v3/job/7"] = [(401, {}), (200, {"jobState": "RUNNING"})]
    assert client.job("7").state is JobState.RUNNING
    assert server.tokens == ["", "_dremioone", "", "_dremiotwo"]


def test_a_refused_login_names_the_user_and_the_connection(server: Server, client: DremioClient) -> None:
    server.answers["POST /apiv2/login"] = [(401, {"errorMessage": "no"})]
    with pytest.raises(DremioRefusedError, match=r"someone.*dremio_default") as raised:
        client.submit("select 1")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("status", "error", "retried"),
    [
        (400, DremioRefusedError, False),
        (403, DremioRefusedError, False),
        (404, DremioNotFoundError, False),
        (408, DremioUnavailableError, True),
        (409, DremioConflictError, True),
        (429, DremioUnavailableError, True),
        (500, DremioUnavailableError, True),
        (503, DremioUnavailableError, True),
        (504, DremioUnavailableError, True),
    ],
)
def test_each_refusal_has_its_error_with_dremios_words(
    server: Server, client: DremioClient, status: int, error: type[Exception], retried: bool
) -> None:
    server.answers["POST /api/v3/sql"] = [(status, {"errorMessage": "its own words", "moreInfo": "and more"})]
    with pytest.raises(error, match="its own words; and more") as raised:
        client.submit("select 1")
    assert isinstance(raised.value, TransientError if retried else PermanentError)


def test_an_answer_that_is_no_json_is_shown_as_it_is(server: Server, client: DremioClient) -> None:
    server.answers["POST /api/v3/sql"] = [(502, "<html>bad gateway</html>")]
    with pytest.raises(DremioUnavailableError, match="bad gateway"):
        client.submit("select 1")


def test_no_server_is_a_transient_error_that_names_the_address() -> None:
    with pytest.raises(DremioUnavailableError, match=r"127\.0\.0\.1:9"):
        DremioClient("http://127.0.0.1:9", "someone", "secret").submit("select 1")


@pytest.mark.parametrize(
    ("state", "message", "error"),
    [
        ("FAILED", "VALIDATION ERROR: Object 'x' not found", DremioJobFailedError),
        ("FAILED", "SYSTEM ERROR: node went away", DremioJobInterruptedError),
        ("FAILED", "RESOURCE ERROR: out of memory", DremioJobInterruptedError),
        ("FAILED", "", DremioJobFailedError),
        ("CANCELED", "", DremioJobCanceledError),
    ],
)
def test_a_job_that_does_not_complete_raises_with_its_id_page_and_words(
    server: Server, client: DremioClient, state: str, message: str, error: type[Exception]
) -> None:
    server.answers["POST /api/v3/sql"] = [(200, {"id": "7"})]
    server.answers["GET /api/v3/job/7"] = [
        (200, {"jobState": "RUNNING"}),
        (200, {"jobState": state, "errorMessage": message}),
    ]
    with pytest.raises(error) as raised:
        client.run("select 1")
    assert "Dremio job 7" in str(raised.value)
    assert f"{server.url}/job/7" in str(raised.value)
    assert message in str(raised.value)


def test_an_unknown_state_is_waited_for_until_the_deadline_then_canceled_and_named(
    server: Server, client: DremioClient
) -> None:
    server.answers["POST /api/v3/sql"] = [(200, {"id": "7"})]
    server.answers["GET /api/v3/job/7"] = [(200, {"jobState": "DAYDREAMING"})]
    server.answers["POST /api/v3/job/7/cancel"] = [(200, "")]
    with pytest.raises(DremioJobTimeoutError, match="DAYDREAMING"):
        client.run("select 1", timeout=0.2)
    assert "POST /api/v3/job/7/cancel" in server.requests


def test_failed_polls_are_ridden_out(server: Server, client: DremioClient) -> None:
    server.answers["POST /api/v3/sql"] = [(200, {"id": "7"})]
    server.answers["GET /api/v3/job/7"] = [
        (503, {}),
        (503, {}),
        (200, {"jobState": "COMPLETED", "rowCount": 3}),
    ]
    assert client.run("select 1").rows == 3


def test_canceling_a_job_that_is_over_is_no_error(server: Server, client: DremioClient) -> None:
    server.answers["POST /api/v3/job/7/cancel"] = [(400, {"errorMessage": "is not running"})]
    server.answers["GET /api/v3/job/7"] = [(200, {"jobState": "COMPLETED"})]
    client.cancel("7")
    assert "POST /api/v3/job/7/cancel" in server.requests
    assert server.requests[-1] == "GET /api/v3/job/7"


@pytest.mark.parametrize("total", [0, 1, PAGE_ROWS, PAGE_ROWS + 1, 2 * PAGE_ROWS])
def test_all_pages_of_a_result_are_read(server: Server, client: DremioClient, total: int) -> None:
    def page(query: str) -> Answer:
        asked = dict(pair.split("=") for pair in query.split("&"))
        first = int(asked["offset"])
        return 200, {"rows": [{"n": n} for n in range(first, min(first + int(asked["limit"]), total))]}

    server.answers["GET /api/v3/job/7/results"] = page
    assert [row["n"] for row in client.rows("7")] == list(range(total))


def test_an_absent_path_is_none_and_its_parts_are_quoted(server: Server, client: DremioClient) -> None:
    assert client.find(["a b", "c/d"]) is None
    assert server.requests[-1] == "GET /api/v3/catalog/by-path/a%20b/c%2Fd"
