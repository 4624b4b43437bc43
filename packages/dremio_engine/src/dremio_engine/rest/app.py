"""The FastAPI application: errors in Dremio's shape, and the routes."""

import contextlib
import logging
from collections.abc import AsyncIterator

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from dremio_engine.errors import EngineError
from dremio_engine.rest import catalog, information, login, reflections, sources, statements, users
from dremio_engine.rest.bounds import BoundedBodies
from dremio_engine.rest.guard import guard_catalog, guard_reflections, guard_sources
from dremio_engine.rest.services import Services

LOG = logging.getLogger(__name__)


def create_app(services: Services) -> FastAPI:
    """The application over an open engine."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Services]]:
        yield {"services": services}  # as `request.state` of every request

    app = FastAPI(title="Embedded engine", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    settings = services.settings
    app.add_middleware(BoundedBodies, limit=settings.body_bytes, seconds=settings.body_seconds)

    @app.exception_handler(EngineError)
    def refused(_: Request, error: EngineError) -> Response:
        return _error(error.status, error.message, error.detail)

    @app.exception_handler(RequestValidationError)
    def malformed(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        return _error(400, _where(first["loc"]), str(first["msg"]))

    @app.exception_handler(HTTPException)
    def no_route(_: Request, error: HTTPException) -> Response:
        return _error(error.status_code, f"HTTP {error.status_code} {error.detail}")

    @app.exception_handler(Exception)
    def broken(_: Request, error: Exception) -> Response:
        LOG.error("request broke", exc_info=error)
        return _error(500, "Something went wrong", type(error).__name__)

    for routes in (information.ROUTES, login.ROUTES, statements.ROUTES, users.ROUTES):
        app.include_router(routes)
    app.include_router(catalog.ROUTES, dependencies=[Depends(guard_catalog)])
    app.include_router(sources.ROUTES, dependencies=[Depends(guard_sources)])
    app.include_router(reflections.ROUTES, dependencies=[Depends(guard_reflections)])
    return app


def _where(location: tuple[str | int, ...]) -> str:
    """Dremio's words for a body or parameter that does not fit, with the path to the value."""
    kind, *path = location
    if kind != "body":
        return f"Invalid value of parameter: {'.'.join(map(str, path))}"
    names = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
    is_json = path and not isinstance(path[0], int)
    return f"Invalid value found at: {names}" if is_json else "Invalid value."


def _error(status: int, message: str, detail: str = "") -> Response:
    return JSONResponse({"errorMessage": message, "moreInfo": detail, "context": []}, status_code=status)
