"""/apiv2/login, and who a request comes from."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from dremio_engine.errors import Unauthorized
from dremio_engine.rest.services import CurrentServices, services_of
from dremio_engine.tables.system_tables import VERSION

ROUTES = APIRouter()
PREFIXES = ("_dremio", "bearer ")


class Login(BaseModel):
    """The body of a login. As in Dremio a name or password that is missing is a wrong one: 401, not 400."""

    userName: str | None = None
    password: str | None = None


async def token_of(authorization: Annotated[str | None, Header()] = None) -> str:
    """The token of `_dremio<token>` or `Bearer <token>`. Raises Unauthorized."""
    given = authorization or ""
    for prefix in PREFIXES:
        if given.lower().startswith(prefix):
            return given[len(prefix) :].strip()
    raise Unauthorized("User authentication is required")


async def user_of(request: Request, token: Annotated[str, Depends(token_of)]) -> str:
    """The user of a request. Raises Unauthorized.

    On the event loop: a row by its key costs a tenth of what the way to a thread and back does.
    """
    return services_of(request).identity.user_of(token)


CurrentUser = Annotated[str, Depends(user_of)]
CurrentToken = Annotated[str, Depends(token_of)]


@ROUTES.post("/apiv2/login")
async def login(body: Login, request: Request, services: CurrentServices) -> dict[str, Any]:
    """A token for a name and password."""
    address = request.client.host if request.client else ""
    # Here, not in the pool that serves every other call: guesses must not take its threads.
    token, expires_at = await run_in_threadpool(
        services.identity.login, body.userName or "", body.password or "", address
    )
    name = await run_in_threadpool(services.identity.user_of, token)
    user = services.identity.users.by_name(name)
    return {
        "token": token,
        "userName": user.name,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "expires": int(expires_at * 1000),
        "email": user.email,
        "userId": user.id,
        "admin": services.access.is_admin(user.name),
        "clusterId": "embedded",
        "clusterCreatedAt": 0,
        "version": VERSION,
        "permissions": _permissions(services.access.is_admin(user.name)),
        "userCreatedAt": int(datetime.fromisoformat(user.created_at).timestamp() * 1000),
    }


def _permissions(is_admin: bool) -> dict[str, bool]:
    """What the web console offers; clients that read the answer into a type expect every one of them."""
    return {
        "canUploadProfiles": False,
        "canDownloadProfiles": True,
        "canEmailForSupport": False,
        "canChatForSupport": False,
        "canViewAllJobs": is_admin,
        "canCreateUser": is_admin,
        "canCreateRole": is_admin,
        "canCreateSource": is_admin,
        "canUploadFile": False,
        "canManageNodeActivity": is_admin,
        "canManageEngines": is_admin,
        "canManageQueues": is_admin,
        "canManageEngineRouting": is_admin,
        "canManageSupportSettings": is_admin,
        "canConfigureSecurity": is_admin,
        "canRunDiagnostic": False,
    }


@ROUTES.get("/apiv2/login")
def logged_in(user: CurrentUser) -> Response:
    """Whether a token holds: true, or 401."""
    return JSONResponse(True)


@ROUTES.delete("/apiv2/login")
def logout(services: CurrentServices, token: CurrentToken, user: CurrentUser) -> Response:
    """End this token."""
    services.identity.tokens.end(token)
    return Response(status_code=204)
