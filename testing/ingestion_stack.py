"""PostgreSQL, object store and shop of this platform on free ports, and Airbyte servers that a test may kill.

Used by the tests of both environments, so it needs nothing but httpx; the services run in the embedded one.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from testing.embedded_platform import EmbeddedPlatform
from testing.ports import free_ports
from testing.repository import PYTHON, ROOT
from testing.waiting import wait_until

FINISHED = ("succeeded", "failed", "cancelled")
READY_SECONDS = 180
HANG_SECONDS = 300
"""Only a hang passes them, on a busy machine too."""


class IngestionStack:
    """A platform without engine, Airflow and Superset, in a folder of its own."""

    def __init__(self, python: Path = PYTHON) -> None:
        """`python` is the interpreter of the environment whose Airbyte engine is run."""
        self._python = python
        self._platform = EmbeddedPlatform("ingestion")
        self.folder = self._platform.folder
        self._shared: AirbyteServer | None = None

    @property
    def environ(self) -> dict[str, str]:
        return self._platform.environ

    def start(self) -> None:
        self._platform.up("object_store", "shop")

    def stop(self) -> None:
        self._end_shared()
        self._platform.down()

    def shop(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the shop; the caller looks at its exit code."""
        return subprocess.run(
            [PYTHON, "-m", "embedded.shop", *arguments],
            cwd=ROOT,
            env=self.environ | environ,
            capture_output=True,
            text=True,
            check=False,
        )

    def database(self, prefix: str) -> dict[str, Any]:
        """Where a database of the platform is, for psycopg: SHOP or PLATFORM."""
        names = {"host": "HOST", "port": "PORT", "dbname": "DATABASE", "user": "USER", "password": "PASSWORD"}
        return {key: self.environ[f"{prefix}_PG_{name}"] for key, name in names.items()}

    def superuser_password(self) -> str:
        text = (self.folder / "state" / "secrets.env").read_text()
        return next(
            line.split("=", 1)[1] for line in text.splitlines() if line.startswith("POSTGRES_PASSWORD=")
        )

    @contextmanager
    def airbyte(self, **environ: str) -> Iterator[AirbyteServer]:
        """A running Airbyte server with these variables; killed at the end if it still runs. The shared one
        ends before: there can be only one.
        """
        self._end_shared()
        variables = self.environ | {"AIRBYTE_RETRY_DELAY_SECONDS": "0.2"} | environ
        server = AirbyteServer(variables, self.folder, self._python)
        server.start()
        try:
            yield server
        finally:
            server.kill()

    def shared_airbyte(self) -> AirbyteServer:
        """The server of all tests that do not end it: a start costs more than most of them."""
        if self._shared is None or not self._shared.is_running:
            # Its token must outlast all tests.
            own = {"AIRBYTE_RETRY_DELAY_SECONDS": "0.2", "AIRBYTE_TOKEN_SECONDS": "7200"}
            self._shared = AirbyteServer(self.environ | own, self.folder, self._python)
            self._shared.start()
        return self._shared

    def _end_shared(self) -> None:
        if self._shared is not None:
            self._shared.kill()
            self._shared = None

    def try_second_airbyte(self) -> int:
        """Start a server beside the one that runs; the exit code it ends with."""
        command = [str(self._python), "-m", "airbyte_engine", "--port", str(free_ports(1)[0])]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environ, capture_output=True, check=False, timeout=60
        )
        return done.returncode


class AirbyteServer:
    """One server process and an authorised client of its two APIs."""

    def __init__(self, environ: dict[str, str], folder: Path, python: Path = PYTHON) -> None:
        self._python = python
        self.environ = environ
        self.url = environ["AIRBYTE_URL"]
        self.http = httpx.Client(timeout=30)
        self._log = folder / "airbyte.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert not self.is_healthy(), "another server answers on this port"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._python, "-m", "airbyte_engine"], cwd=ROOT, env=self.environ, stderr=log, stdout=log
            )
        wait_until(self._has_started, "the Airbyte server is healthy", READY_SECONDS)
        self.http.headers["Authorization"] = f"Bearer {self.token()}"

    def _has_started(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._log.read_text()
        return self.is_healthy()

    @property
    def is_running(self) -> bool:
        """Has it been started, and not ended since?"""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """Without any chance to say goodbye."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def terminate(self) -> float:
        """SIGTERM; returns the seconds it took."""
        assert self._process is not None
        began = time.monotonic()
        self._process.terminate()
        self._process.wait(20)
        return time.monotonic() - began

    def token(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.environ["AIRBYTE_CLIENT_ID"],
            "client_secret": self.environ["AIRBYTE_CLIENT_SECRET"],
        }
        answer = self.http.post(self.url + "/applications/token", data=form)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def call(self, method: str, path: str, body: dict[str, Any] | None = None, **query: Any) -> Any:
        """The JSON of a successful call of the public API."""
        answer = self.http.request(method, self.url + path, json=body, params=query)
        assert answer.status_code in (200, 204), f"{answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def config_api(self, path: str, body: dict[str, Any]) -> Any:
        """The JSON of a successful call of the Config API."""
        answer = self.http.post(self.url.replace("/api/public/v1", "/api/v1") + path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def status_of(self, method: str, path: str, body: dict[str, Any] | None = None) -> int:
        return self.http.request(method, self.url + path, json=body).status_code

    def sync(self, connection_id: str) -> dict[str, Any]:
        """Run a sync to its end, however it ends."""
        job = self.call("POST", "/jobs", {"connectionId": connection_id, "jobType": "sync"})
        return self.wait(job["jobId"])

    def wait(
        self, job_id: int, states: tuple[str, ...] = FINISHED, seconds: float = HANG_SECONDS
    ) -> dict[str, Any]:
        """The job, once it is in one of the states."""

        def is_there() -> bool:
            return self.job(job_id)["status"] in states

        wait_until(is_there, f"job {job_id} is {' or '.join(states)}", seconds)
        return self.job(job_id)

    def job(self, job_id: int) -> dict[str, Any]:
        """A job as it is now."""
        job: dict[str, Any] = self.call("GET", f"/jobs/{job_id}")
        return job

    def workspace(self) -> str:
        return str(self.call("GET", "/workspaces")["data"][0]["workspaceId"])

    def add_connection(self, file: str, folder: str, **source_overrides: Any) -> str:
        """Create what include/airbyte/<file>.yaml declares, landing under `folder`; returns its id."""
        declared = yaml.safe_load((ROOT / "include" / "airbyte" / f"{file}.yaml").read_text())
        source = self.call("POST", "/sources", self._source(declared["source"], source_overrides))
        destination = self.call("POST", "/destinations", self._destination(folder))
        connection = {
            "name": f"{file} to {folder}",
            "sourceId": source["sourceId"],
            "destinationId": destination["destinationId"],
            "namespaceDefinition": "custom_format",
            "namespaceFormat": declared["namespace"],
            "configurations": {"streams": [_stream(stream) for stream in declared["streams"]]},
        }
        return str(self.call("POST", "/connections", connection)["connectionId"])

    def connect(self, source: dict[str, Any], folder: str, streams: list[tuple[str, str]]) -> tuple[str, str]:
        """Connect a source of this configuration to `folder`, with (name, syncMode) streams; returns the ids
        of source and connection.
        """
        made = self.call(
            "POST", "/sources", {"name": folder, "workspaceId": self.workspace(), "configuration": source}
        )
        destination = self.call("POST", "/destinations", self._destination(folder))
        connection = {
            "name": f"{source['sourceType']} to {folder}",
            "sourceId": made["sourceId"],
            "destinationId": destination["destinationId"],
            "configurations": {"streams": [{"name": name, "syncMode": mode} for name, mode in streams]},
        }
        return made["sourceId"], self.call("POST", "/connections", connection)["connectionId"]

    def _source(self, declared: dict[str, Any], overrides: dict[str, Any]) -> dict[str, Any]:
        source = {"name": declared["name"], "workspaceId": self.workspace()}
        configuration = dict(declared["configuration"])
        if declared["type"] == "postgres":
            configuration |= {
                "sourceType": "postgres",
                "host": self.environ["SHOP_PG_HOST"],
                "port": int(self.environ["SHOP_PG_PORT"]),
                "database": self.environ["SHOP_PG_DATABASE"],
                "username": self.environ["SHOP_PG_USER"],
                "password": self.environ["SHOP_PG_PASSWORD"],
            }
        else:
            path = f"/workspaces/{source['workspaceId']}/definitions/declarative_sources"
            manifest = yaml.safe_load((ROOT / "include/airbyte/manifests" / declared["manifest"]).read_text())
            definition = self.call("POST", path, {"name": declared["name"], "manifest": manifest})
            source["definitionId"] = definition["id"]
            configuration |= {
                "base_url": self.environ["SHOP_API_URL"],
                "api_token": self.environ["SHOP_API_TOKEN"],
            }
        return source | {"configuration": configuration | overrides}

    def _destination(self, folder: str) -> dict[str, Any]:
        return {
            "name": "lake_landing",
            "workspaceId": self.workspace(),
            "configuration": {
                "destinationType": "s3",
                "s3_endpoint": self.environ["LAKE_S3_ENDPOINT"],
                "access_key_id": self.environ["LAKE_S3_ACCESS_KEY"],
                "secret_access_key": self.environ["LAKE_S3_SECRET_KEY"],
                "s3_bucket_name": self.environ["LAKE_S3_BUCKET"],
                "s3_bucket_region": self.environ["LAKE_S3_REGION"],
                "s3_bucket_path": folder,
                "format": {"format_type": "Parquet", "compression_codec": "SNAPPY"},
            },
        }

    def is_healthy(self) -> bool:
        """Does the server answer?"""
        try:
            return self.http.get(self.url + "/health").status_code == 200
        except httpx.TransportError:
            return False


def _stream(declared: dict[str, Any]) -> dict[str, Any]:
    stream = {
        "name": declared["name"],
        "syncMode": f"{declared['sync_mode']}_append",
        "primaryKey": [[name] for name in declared["primary_key"]],
    }
    return stream | ({"cursorField": [declared["cursor_field"]]} if "cursor_field" in declared else {})
