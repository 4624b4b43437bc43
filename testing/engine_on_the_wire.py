"""The engine as a child process, and the REST calls tests make on it."""

import importlib.util
import os
import secrets
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from testing.ports import free_ports
from testing.repository import PYTHON
from testing.waiting import wait_until

START_SECONDS = 120.0
JOB_LOOK_SECONDS = 0.002
"""Statements of tests take milliseconds; a tighter loop would take the processor from the engine."""
LAYERS = {
    "lake_bronze": "bronze",
    "staging": "silver/cleaned",
    "marts": "marts",
    "gold": "gold",
}


@dataclass
class ObjectStore:
    """Where Swift answers, and what it takes to enter."""

    endpoint: str
    access_key: str
    secret_key: str
    client: Any = field(repr=False, default=None)


class EngineProcess:
    """The engine as a child process that a test may kill and start again."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.port, self.flight_port = free_ports(2)
        self.user, self.password = "lakehouse", secrets.token_urlsafe(12)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def nas(self) -> Path:
        """The folder under which sources of type NAS may lie."""
        return self.state / "nas"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def flight_url(self) -> str:
        return f"grpc+tcp://127.0.0.1:{self.flight_port}"

    def start(self, **variables: str) -> None:
        """Start it, with more environment variables if given, and wait until it answers."""
        environ = {
            **os.environ,
            "DREMIO_HOST": "127.0.0.1",
            "DREMIO_PORT": str(self.port),
            "DREMIO_FLIGHT_PORT": str(self.flight_port),
            "DREMIO_USER": self.user,
            "DREMIO_PASSWORD": self.password,
            "DREMIO_NAS_ROOT": str(self.nas),
            "DREMIO_STATE_DIR": str(self.state / "dremio"),
            **variables,
        }
        with (self.state / "engine.log").open("ab") as log:
            self.process = subprocess.Popen(
                [_python(), "-m", "dremio_engine"], cwd=self.state, env=environ, stdout=log, stderr=log
            )
        try:
            wait_until(self._answers, "the engine answers", START_SECONDS)
        except AssertionError:
            self.process.kill()
            raise

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.state / "engine.log").read_text()
        try:
            return httpx.get(f"{self.url}/apiv2/server_status").status_code == 200
        except httpx.HTTPError:
            return False

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the process; gives its exit code."""
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(15)

    def client(self) -> "Client":
        return Client(self.url, self.user, self.password)


def _python() -> str:
    """This Python where the engine is installed beside the tests, else that of the repository's services."""
    return sys.executable if importlib.util.find_spec("dremio_engine") else str(PYTHON)


class StatementFailed(AssertionError):
    """A job that did not complete; the message is the job's."""


class Client:
    """The REST calls that tests make, as short as they can be."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=60)
        answer = self.http.post("/apiv2/login", json={"userName": user, "password": password})
        answer.raise_for_status()
        self.http.headers["Authorization"] = "_dremio" + answer.json()["token"]

    def submit(self, sql: str, context: list[str] | None = None) -> str:
        answer = self.http.post("/api/v3/sql", json={"sql": sql, "context": context})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    def wait(self, job: str, seconds: float = 60) -> dict[str, Any]:
        """The job, once it has ended."""
        seen: dict[str, Any] = {}

        def has_ended() -> bool:
            seen.update(self.http.get(f"/api/v3/job/{job}").json())
            return seen["jobState"] in ("COMPLETED", "FAILED", "CANCELED")

        wait_until(has_ended, f"job {job} has ended", seconds, JOB_LOOK_SECONDS)
        return seen

    def wait_started(self, job: str, seconds: float = 60) -> None:
        """Until the job's statement runs, or has ended already."""
        started = ("RUNNING", "COMPLETED", "FAILED", "CANCELED")
        wait_until(
            lambda: self.http.get(f"/api/v3/job/{job}").json()["jobState"] in started,
            f"job {job} has started",
            seconds,
        )

    def sql(self, sql: str, context: list[str] | None = None) -> list[dict[str, Any]]:
        job = self.submit(sql, context)
        status = self.wait(job)
        if status["jobState"] != "COMPLETED":
            raise StatementFailed(status["errorMessage"])
        return list(self.http.get(f"/api/v3/job/{job}/results", params={"limit": 500}).json()["rows"])

    def value(self, sql: str) -> Any:
        (row,) = self.sql(sql)
        (value,) = row.values()
        return value

    def by_path(self, *path: str) -> dict[str, Any]:
        answer = self.http.get("/api/v3/catalog/by-path/" + "/".join(path))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def create(self, body: dict[str, Any]) -> httpx.Response:
        return self.http.post("/api/v3/catalog", json=body)


def s3_source(name: str, root: str, store: ObjectStore, codec: str | None = None) -> dict[str, Any]:
    """The body that registers a folder of the bucket as a source."""
    properties = [
        {"name": "fs.s3a.endpoint", "value": store.endpoint.removeprefix("http://")},
        {"name": "fs.s3a.path.style.access", "value": "true"},
        {"name": "dremio.s3.compat", "value": "true"},
    ]
    if codec:
        properties.append({"name": "store.parquet.compression", "value": codec})
    return {
        "entityType": "source",
        "type": "S3",
        "name": name,
        "config": {
            "credentialType": "ACCESS_KEY",
            "accessKey": store.access_key,
            "accessSecret": store.secret_key,
            "secure": False,
            "rootPath": f"/datalake/{root}",
            "compatibilityMode": True,
            "whitelistedBuckets": ["datalake"],
            "propertyList": properties,
        },
    }


def nas_source(name: str, folder: Path, codec: str | None = None) -> dict[str, Any]:
    """The body that registers a folder, which is created, as a source."""
    folder.mkdir(parents=True, exist_ok=True)
    properties = [{"name": "store.parquet.compression", "value": codec}] if codec else []
    return {
        "entityType": "source",
        "type": "NAS",
        "name": name,
        "config": {"path": str(folder), "propertyList": properties},
    }
