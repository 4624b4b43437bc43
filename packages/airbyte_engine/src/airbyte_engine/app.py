"""The application: both APIs, their errors, and the supervisor's life."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg_pool import PoolTimeout

from airbyte_engine.api import (
    Backend,
    config_api,
    connections,
    destinations,
    jobs,
    sources,
    tokens,
    workspaces,
)
from airbyte_engine.problems import Problem
from airbyte_engine.settings import AirbyteSettings
from airbyte_engine.store.actors import ActorStore, DefinitionStore
from airbyte_engine.store.connections import ConnectionStore, StateStore
from airbyte_engine.store.database import Pool, hold_server_lock, open_pool
from airbyte_engine.store.jobs import JobStore
from airbyte_engine.sync.archive import LogArchive
from airbyte_engine.sync.orders import OrderBook
from airbyte_engine.sync.supervisor import SyncSupervisor

PUBLIC_API = "/api/public/v1"
CONFIG_API = "/api/v1"


def create_app(settings: AirbyteSettings) -> FastAPI:
    """The server; it opens the database and resumes unfinished jobs when it starts."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Backend]]:
        pool = open_pool(settings.conninfo)
        server_lock = hold_server_lock(settings.conninfo)
        backend = _backend(settings, pool)
        backend.supervisor.start()
        yield {"backend": backend}
        backend.supervisor.stop()
        server_lock.close()
        pool.close(timeout=2)

    app = FastAPI(title="Embedded Airbyte", lifespan=lifespan, docs_url=None, redoc_url=None)
    _add_errors(app)
    secured = [Depends(tokens.require_token)]
    for module in (workspaces, sources, destinations, connections, jobs):
        app.include_router(module.router, prefix=PUBLIC_API, dependencies=secured)
    app.include_router(config_api.router, prefix=CONFIG_API, dependencies=secured)
    for prefix in (PUBLIC_API, CONFIG_API):
        app.include_router(tokens.router, prefix=prefix)

    @app.get("/health")
    @app.get(PUBLIC_API + "/health")
    @app.get(CONFIG_API + "/health")
    def health() -> dict[str, bool]:
        return {"available": True}

    return app


def _backend(settings: AirbyteSettings, pool: Pool) -> Backend:
    actor_store, definitions = ActorStore(pool), DefinitionStore(pool)
    connection_store, states, job_store = ConnectionStore(pool), StateStore(pool), JobStore(pool)
    orders = OrderBook(settings, actor_store, definitions, connection_store, states, job_store)
    supervisor = SyncSupervisor(
        job_store,
        connection_store,
        states,
        orders,
        LogArchive(settings),
        settings.max_attempts,
        settings.retry_delay,
        settings.max_concurrent_syncs,
    )
    return Backend(settings, actor_store, definitions, connection_store, job_store, orders, supervisor)


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    def problem(_: Request, error: Problem) -> JSONResponse:
        return _problem(error.status, error.title, error.detail)

    @app.exception_handler(RequestValidationError)
    def invalid_request(_: Request, error: RequestValidationError) -> JSONResponse:
        named = "; ".join(f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors())
        return _problem(422, "unprocessable-entity", named)

    @app.exception_handler(psycopg.DataError)
    @app.exception_handler(UnicodeEncodeError)
    def not_storable(_: Request, error: Exception) -> JSONResponse:
        # NaN, NUL, half a surrogate pair: Python reads them in a body, and PostgreSQL cannot store them.
        words = " ".join(str(error).split()).encode("utf-8", "backslashreplace").decode()
        return _problem(422, "unprocessable-entity", f"The body holds a value that cannot be stored: {words}")

    @app.exception_handler(psycopg.OperationalError)
    @app.exception_handler(PoolTimeout)
    def database_down(_: Request, error: Exception) -> JSONResponse:
        return _problem(503, "service-unavailable", f"Airbyte's database does not answer: {error}")


def _problem(status: int, title: str, detail: str) -> JSONResponse:
    """RFC 7807, as Airbyte's public API answers."""
    kind = f"https://reference.airbyte.com/reference/errors#{title}"
    return JSONResponse({"status": status, "type": kind, "title": title, "detail": detail}, status)
