"""The APIs on the wire: requests in, the stores and the supervisor behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from fastapi import Depends, Request

from airbyte_engine.settings import AirbyteSettings
from airbyte_engine.store.actors import ActorStore, DefinitionStore
from airbyte_engine.store.connections import ConnectionStore
from airbyte_engine.store.jobs import JobStore
from airbyte_engine.sync.orders import OrderBook
from airbyte_engine.sync.supervisor import SyncSupervisor


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
    backend: Backend = request.state.backend
    return backend


BackendOf: TypeAlias = Annotated[Backend, Depends(_backend)]
