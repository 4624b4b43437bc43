"""Whether the server is up, and which version it is."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from dremio_engine.rest.login import CurrentUser
from dremio_engine.tables.system_tables import VERSION

ROUTES = APIRouter()


@ROUTES.get("/apiv2/server_status")
def server_status() -> Response:
    """Whether it answers; without a login."""
    return JSONResponse("OK")


@ROUTES.get("/health")
def health() -> Response:
    """The same for whoever watches processes."""
    return PlainTextResponse("OK")


@ROUTES.get("/api/v3/info")
def info(user: CurrentUser) -> dict[str, Any]:
    """The version of Dremio that is spoken. Of a commit and a build the engine has nothing to show."""
    return {
        "version": VERSION,
        "buildTime": "1970-01-01T00:00:00.000Z",
        "commit": {"hash": "embedded", "builder": "embedded engine", "time": "1970-01-01T00:00:00.000Z"},
        "clusterType": "NA",
    }
