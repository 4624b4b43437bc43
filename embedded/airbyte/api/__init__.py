"""The APIs on the wire: requests in, the stores and the supervisor behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from fastapi import Depends, Request

from embedded.airbyte.settings import AirbyteSettings
from embedded.airbyte.store.actors import ActorStore, DefinitionStore
from embedded.airbyte.store.connections import ConnectionStore
from embedded.airbyte.store.jobs import JobStore
from embedded.airbyte.sync.orders import OrderBook
from embedded.airbyte.sync.supervisor import SyncSupervisor


@dataclass(frozen=True)
class Backend:
    """What the endpoints work with."""

    settings: AirbyteSettings
    actors: ActorStore
    definitions: DefinitionStore
    connections: ConnectionStore
    jobs: JobStore
    orders: OrderBook
    supervisor: SyncSupervisor


def _backend(request: Request) -> Backend:
    backend: Backend = request.app.state.backend
    return backend


BackendOf: TypeAlias = Annotated[Backend, Depends(_backend)]
