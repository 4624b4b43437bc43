"""Low-code (declarative) sources: a manifest describes them, and Airbyte's own connector runs it."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from airbyte_engine.connectors.connector import Configuration, Source, StreamProperties, stream_properties
from airbyte_engine.problems import Problem, invalid

EXECUTABLE: Final = "source-declarative-manifest"
_DISCOVER_SECONDS: Final = 60


class DeclarativeConnector(Source):
    """A source that is described by a manifest."""

    name = "declarative"

    def __init__(self, manifest: Mapping[str, Any]) -> None:
        self._manifest = manifest
        self._specification: Mapping[str, Any] = manifest.get("spec", {}).get("connection_specification", {})

    @property
    def required(self) -> Sequence[str]:
        named: Sequence[str] = self._specification.get("required", [])
        return named

    @property
    def secrets(self) -> frozenset[str]:
        properties = self._specification.get("properties", {})
        return frozenset(name for name, part in properties.items() if part.get("airbyte_secret"))

    def discover(self, configuration: Configuration, connectors_bin: Path) -> list[StreamProperties]:
        done = self._call("discover", configuration, connectors_bin)
        messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        catalogs = [message["catalog"] for message in messages if message["type"] == "CATALOG"]
        if not catalogs:
            reasons = "; ".join(_errors(messages)) or done.stderr.strip()[-500:]
            raise invalid(f"The manifest offers no streams: {reasons}")
        return [_properties(stream) for stream in catalogs[0]["streams"]]

    def _call(
        self, command: str, configuration: Configuration, connectors_bin: Path
    ) -> subprocess.CompletedProcess[str]:
        """Raises Problem 500 when the connector does not run."""
        with tempfile.TemporaryDirectory(prefix="airbyte-discover-") as folder:
            config, manifest = Path(folder) / "config.json", Path(folder) / "manifest.json"
            config.write_text(json.dumps(configuration), encoding="utf-8")
            manifest.write_text(json.dumps(self._manifest), encoding="utf-8")
            call = [str(connectors_bin / EXECUTABLE), command]
            call += ["--config", str(config), "--manifest-path", str(manifest)]
            try:
                return subprocess.run(
                    call, capture_output=True, text=True, timeout=_DISCOVER_SECONDS, check=False
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                raise Problem(500, "unexpected-problem", f"The connector does not run: {error}") from error


def _errors(messages: list[dict[str, Any]]) -> list[str]:
    traces = [message["trace"] for message in messages if message["type"] == "TRACE"]
    return [trace["error"]["message"] for trace in traces if "error" in trace]


def _properties(stream: Mapping[str, Any]) -> StreamProperties:
    return stream_properties(
        stream["name"],
        sorted(stream["json_schema"].get("properties", {})),
        [path[-1] for path in stream.get("source_defined_primary_key") or []],
        stream.get("default_cursor_field") or [],
        "incremental" in stream["supported_sync_modes"],
    )
