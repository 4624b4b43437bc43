"""Surroundings whose services are scripted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from lakehouse.observe.doctor.surroundings import Surroundings


class ScriptedAirflow:
    """Answers of Airflow's REST API by path; a list's query is part of the path's key when it has a state."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = answers
        self.url = "http://airflow"

    def read(self, path: str, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return dict(self.answers.get(path, {}))

    def read_all(self, path: str, field: str, query: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        key = f"{path}?{query['state']}" if query and "state" in query else path
        return list(self.answers.get(key, []))


@dataclass(frozen=True)
class ScriptedSurroundings(Surroundings):
    """Only what a test gives is there."""

    services: Mapping[str, Any] = field(default_factory=dict)

    def airflow(self) -> Any:
        return self.services["airflow"]

    def dremio(self) -> Any:
        return self.services["dremio"]

    def airbyte(self) -> Any:
        return self.services["airbyte"]

    def superset(self) -> Any:
        return self.services["superset"]

    def lake(self) -> Any:
        return self.services["lake"]

    def postgres(self, conn_id: str = "") -> Any:
        return self.services["postgres"]


def connected(monkeypatch: pytest.MonkeyPatch, conn_id: str, **fields: Any) -> None:
    """Let Airflow have a connection."""
    monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps({"conn_type": "http"} | fields))


EMBEDDED = {"LAKEHOUSE_STATE_DIR": "/somewhere"}
