"""Airbyte's connector is imported once by a process, and each command runs in a fork of it."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.unit.played_apis import CONNECTORS, NEEDS_CONNECTORS

from airbyte_engine.worker.connector import Connector, connector_of
from testing.waiting import wait_until

pytestmark = NEEDS_CONNECTORS
EXECUTABLE = CONNECTORS / "source-declarative-manifest"
MANIFEST = {
    "version": "7.0.0",
    "type": "DeclarativeSource",
    "check": {"type": "CheckStream", "stream_names": ["things"]},
    "streams": [
        {
            "type": "DeclarativeStream",
            "name": "things",
            "retriever": {
                "type": "SimpleRetriever",
                "requester": {"type": "HttpRequester", "url_base": "http://127.0.0.1:9", "path": "things"},
                "record_selector": {
                    "type": "RecordSelector",
                    "extractor": {"type": "DpathExtractor", "field_path": []},
                },
            },
            "schema_loader": {
                "type": "InlineSchemaLoader",
                "schema": {"type": "object", "properties": {"id": {"type": "integer"}}},
            },
        }
    ],
    "spec": {"type": "Spec", "connection_specification": {"type": "object", "properties": {}}},
}


@pytest.fixture
def connector() -> Iterator[Connector]:
    connector = connector_of(EXECUTABLE)
    yield connector
    assert forks_of(connector) == []


def forks_of(connector: Connector) -> list[psutil.Process]:
    return psutil.Process(connector.pid).children(recursive=True) if connector.is_running else []


@pytest.fixture
def discover(tmp_path: Path) -> list[str]:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "manifest.json").write_text(json.dumps(MANIFEST))
    files = ["--config", str(tmp_path / "config.json"), "--manifest-path", str(tmp_path / "manifest.json")]
    return ["discover", *files]


def streams_of(lines: list[str]) -> list[str]:
    messages = [json.loads(line) for line in lines if line.startswith("{")]
    return [
        stream["name"]
        for message in messages
        if message["type"] == "CATALOG"
        for stream in message["catalog"]["streams"]
    ]


def test_commands_run_one_after_the_other_and_only_the_first_one_imports(
    connector: Connector, discover: list[str], tmp_path: Path
) -> None:
    for _ in range(2):
        command = connector.run(discover, tmp_path / "errors.txt")
        assert streams_of(list(command)) == ["things"]
        assert command.code == 0
    assert connector_of(EXECUTABLE) is connector
    # A fork would lack any other thread.
    assert psutil.Process(connector.pid).num_threads() == 1


def test_a_command_that_fails_says_how_and_the_next_one_runs(
    connector: Connector, discover: list[str], tmp_path: Path
) -> None:
    command = connector.run(["discover", "--config", "nowhere.json"], tmp_path / "errors.txt")
    list(command)
    assert command.code not in (None, 0)
    assert command.last_words() != "no output"
    again = connector.run(discover, tmp_path / "errors.txt")
    assert streams_of(list(again)) == ["things"]
    assert again.last_words() == "no output"


def test_a_command_that_nobody_reads_to_its_end_leaves_no_process(
    connector: Connector, discover: list[str], tmp_path: Path
) -> None:
    lines = iter(connector.run(discover, tmp_path / "errors.txt"))
    next(lines)
    family = [psutil.Process(connector.pid), *forks_of(connector)]
    lines.close()  # type: ignore[attr-defined]
    wait_until(lambda: not any(process.is_running() for process in family), "all are gone")
    command = connector_of(EXECUTABLE).run(discover, tmp_path / "errors.txt")
    assert streams_of(list(command)) == ["things"]


def test_a_connector_that_dies_is_told_from_one_that_is_done_and_is_started_again(
    connector: Connector, discover: list[str], tmp_path: Path
) -> None:
    lines = connector.run(discover, tmp_path / "errors.txt")
    for line in lines:
        assert line
        for process in [psutil.Process(connector.pid), *forks_of(connector)]:
            process.kill()
    assert lines.code == -signal.SIGKILL
    dead = connector.run(discover, tmp_path / "errors.txt")
    assert (list(dead), dead.code) == ([], -signal.SIGKILL)
    assert connector_of(EXECUTABLE).pid != connector.pid
