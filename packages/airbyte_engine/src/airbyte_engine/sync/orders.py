"""What a worker has to know: connection, actors, definition and state, joined into one order."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from airbyte_engine.problems import Problem
from airbyte_engine.settings import AirbyteSettings
from airbyte_engine.store.actors import ActorStore, DefinitionStore
from airbyte_engine.store.connections import ConnectionStore, StateStore
from airbyte_engine.store.database import Row
from airbyte_engine.store.jobs import JobStore
from airbyte_engine.worker.protocol import Order, Stream

_DEFAULT_MEMORY_MB = 1024
_LEAST_MEMORY_MB = 256


@dataclass(frozen=True)
class OrderBook:
    """Writes the order of an attempt from what is stored at that moment."""

    settings: AirbyteSettings
    actors: ActorStore
    definitions: DefinitionStore
    connections: ConnectionStore
    states: StateStore
    jobs: JobStore

    def write(self, connection_id: UUID, job_id: int, attempt: int) -> Order:
        """Raises Problem 404 when the connection, or what it needs, was deleted meanwhile."""
        connection = self.connections.get(connection_id)
        source = self.actors.get("source", connection["source_id"])
        destination = self.actors.get("destination", connection["destination_id"])
        manifest = None
        if source["connector"] == "declarative":
            manifest = self.definitions.get(source["definition_id"])["manifest"]
        limits = (source["resource_allocation"] or {}).get("default") or {}
        shared, states = self.states.read(connection_id)
        return Order(
            job_id=job_id,
            attempt=attempt,
            connector=source["connector"],
            source=source["configuration"],
            manifest=manifest,
            destination=destination["configuration"],
            namespace=_namespace(connection, source["configuration"]),
            prefix=connection["settings"].get("prefix") or "",
            generation_id=connection["generation_id"],
            streams=[_stream(stream, states.get(stream["name"])) for stream in connection["streams"]],
            shared_state=shared,
            orphans=self.jobs.uncommitted_files(job_id),
            scratch=str(self.job_folder(job_id) / f"scratch-{attempt}"),
            catalogs=str(self.settings.workspace_root / "catalogs"),
            connectors_bin=str(self.settings.connectors_bin),
            threads=_threads(limits),
            memory_mb=_memory_mb(limits),
            redelivery=self.settings.redelivery,
            patience_seconds=self.settings.patience_seconds,
        )

    def service(self, connection_id: UUID) -> str:
        """The name under which logs are kept: the source's; "unknown" when the connection is gone."""
        try:
            connection = self.connections.get(connection_id)
            return str(self.actors.get("source", connection["source_id"])["name"])
        except Problem:
            return "unknown"

    def job_folder(self, job_id: int) -> Path:
        return self.settings.workspace_root / "jobs" / str(job_id)

    def jobs_with_logs(self) -> list[int]:
        folders = (self.settings.workspace_root / "jobs").glob("[0-9]*")
        return sorted(int(folder.name) for folder in folders)

    def clear_scratch(self, job_id: int) -> None:
        """Remove what the workers of a killed server left."""
        for folder in self.job_folder(job_id).glob("scratch-*"):
            shutil.rmtree(folder, ignore_errors=True)

    def forget_job(self, job_id: int) -> None:
        """Remove a job's folder, with its logs; their copies in the lake stay."""
        shutil.rmtree(self.job_folder(job_id), ignore_errors=True)

    def log_file(self, job_id: int, attempt: int) -> Path:
        """The log of an attempt; it survives restarts."""
        return self.job_folder(job_id) / f"attempt-{attempt}.log"


def _stream(stream: dict[str, Any], state: dict[str, Any] | None) -> Stream:
    cursor = stream.get("cursorField") or []
    return Stream(
        name=stream["name"],
        incremental=stream["syncMode"].startswith("incremental"),
        cursor_field=cursor[-1] if cursor else None,
        primary_key=[path[-1] for path in stream.get("primaryKey") or []],
        state=state,
    )


def _namespace(connection: Row, source: dict[str, Any]) -> str:
    """Airbyte's namespaceDefinition: the source's schema, the destination's default (none), or a format."""
    own = (source.get("schemas") or ["public"])[0] if "database" in source else ""
    match connection["settings"].get("namespaceDefinition"):
        case "custom_format":
            return str(connection["settings"].get("namespaceFormat") or "").replace(
                "${SOURCE_NAMESPACE}", own
            )
        case "source":
            return own
        case _:
            return ""


def _threads(limits: dict[str, Any]) -> int:
    """`cpu_limit` ("4" or "1500m"), at most this machine's cores."""
    cores = os.cpu_count() or 1
    text = str(limits.get("cpu_limit") or cores)
    asked = int(text[:-1]) // 1000 if text.endswith("m") else int(float(text))
    return max(1, min(asked, cores))


def _memory_mb(limits: dict[str, Any]) -> int:
    """`memory_limit` in Kubernetes' words ("512Mi", "1Gi"); DuckDB needs some room to work in."""
    text = str(limits.get("memory_limit") or f"{_DEFAULT_MEMORY_MB}Mi")
    factor = {"Mi": 1, "Gi": 1024, "M": 1, "G": 1000}
    unit = next((unit for unit in factor if text.endswith(unit)), None)
    asked = int(float(text.removesuffix(unit)) * factor[unit]) if unit else int(text) // 1_000_000
    return max(_LEAST_MEMORY_MB, asked)
