"""A real Elasticsearch and a real object store, and shippers over folders of a test's own."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import ApiError, Elasticsearch, TransportError

from lakehouse.observe.logs.elastic import elasticsearch_client, put_template
from lakehouse.observe.logs.lake_sink import lake_of
from lakehouse.platform.storage import LakeStorage
from testing.embedded_platform import EmbeddedPlatform
from testing.repository import ROOT
from testing.waiting import wait_until

SECRET = "L7" + "5ec2e7" * 5


@dataclass
class LogPlatform:
    """Where the logs go."""

    platform: EmbeddedPlatform
    client: Elasticsearch
    lake: LakeStorage

    def found(self, service: str, **fields: str) -> list[dict[str, Any]]:
        """What Elasticsearch holds of a service with these values, at once searchable."""
        self.client.indices.refresh(index="airbyte-logs-*", ignore_unavailable=True)
        filters = [{"term": {name: value}} for name, value in {"service": service, **fields}.items()]
        answer = self.client.search(
            index="airbyte-logs-*", query={"bool": {"filter": filters}}, size=10_000, allow_no_indices=True
        )
        return [hit["_source"] for hit in answer["hits"]["hits"]]

    def count(self, **fields: str) -> int:
        self.client.indices.refresh(index="airbyte-logs-*", ignore_unavailable=True)
        filters = [{"term": {name: value}} for name, value in fields.items()]
        return int(self.client.count(index="airbyte-logs-*", query={"bool": {"filter": filters}})["count"])

    def in_lake(self, prefix: str) -> dict[str, list[dict[str, Any]]]:
        """The entries below a prefix, by object."""
        keys = [item.key for item in self.lake.objects(prefix)]
        return {key: list(map(json.loads, gzip.decompress(self.lake.get(key)).splitlines())) for key in keys}

    def is_up(self) -> bool:
        try:
            return bool(self.client.cluster.health(wait_for_status="yellow", timeout="1s")["status"])
        except (ApiError, TransportError):
            return False

    def kill_elasticsearch(self) -> None:
        """kill -9; the supervisor starts it again."""
        state = f"LAKEHOUSE_STATE_DIR={self.platform.folder / 'state'}"
        for process in Path("/proc").iterdir():
            try:
                words = (process / "cmdline").read_text()
                environment = (process / "environ").read_text()
            except OSError:
                continue
            if "SingleNode" in words and state in environment:
                os.kill(int(process.name), signal.SIGKILL)
                wait_until(lambda gone=process: not (gone / "cmdline").exists(), "Elasticsearch to end")
                return
        raise AssertionError("no Elasticsearch to kill")


@pytest.fixture(scope="session")
def log_platform(postgres_platform: EmbeddedPlatform) -> LogPlatform:
    postgres_platform.up("elasticsearch", "object_store")
    client = elasticsearch_client(postgres_platform.wire)
    put_template(client)
    return LogPlatform(postgres_platform, client, lake_of(postgres_platform.wire))


@dataclass
class ShipperProcess:
    """`python -m lakehouse.observe.logs.shipper` over two folders: services' logs, and task logs."""

    platform: LogPlatform
    folder: Path
    more: dict[str, str] = field(default_factory=dict)
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def services(self) -> Path:
        return self.folder / "services"

    @property
    def tasks(self) -> Path:
        return self.folder / "tasks"

    @property
    def environment(self) -> dict[str, str]:
        own = {
            "PYTHONPATH": str(ROOT / "plugins"),
            "LAKEHOUSE_LOGS_SERVICES": str(self.services),
            "LAKEHOUSE_LOGS_AIRFLOW": str(self.tasks),
            "LAKEHOUSE_SHIPPER_DIR": str(self.folder / "shipper"),
            "LAKEHOUSE_LOGS_LAKE_SECONDS": "0.1",
            "A_TEST_PASSWORD": SECRET,
            # What these tests are not about is not asked for logs.
            **dict.fromkeys(("AIRBYTE_URL", "AIRFLOW_URL"), "http://127.0.0.1:9"),
            "DREMIO_PORT": "9",
        }
        return self.platform.platform.environ | own | self.more

    def write(self, name: str, lines: Sequence[str]) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as log:
            log.writelines(f"{line}\n" for line in lines)
        return path

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "lakehouse.observe.logs.shipper"]
        self.running.append(subprocess.Popen(command, env=self.environment, cwd=ROOT))
        return self.running[-1]

    def once(self) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "lakehouse.observe.logs.shipper", "--once"]
        return subprocess.run(
            command, env=self.environment, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
        )

    def end(self) -> None:
        for process in self.running:
            process.kill()
            process.wait()


@pytest.fixture
def shipper(log_platform: LogPlatform, tmp_path: Path) -> Iterator[ShipperProcess]:
    process = ShipperProcess(log_platform, tmp_path)
    yield process
    process.end()


def moment(seconds_ago: float = 0.0) -> str:
    """As the embedded engine writes it, UTC."""
    at = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    return f"{at:%Y-%m-%d %H:%M:%S},{at.microsecond // 1000:03}"
