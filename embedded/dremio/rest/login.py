"""POST /apiv2/login, and who a request comes from."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request
from pydantic import BaseModel

from embedded.dremio.engine import Engine
from embedded.dremio.errors import Unauthorized

ROUTES = APIRouter()


class Login(BaseModel):
    """The body of a login."""

    userName: str
    password: str


def engine_of(request: Request) -> Engine:
    """The engine behind the application."""
    engine: Engine = request.app.state.engine
    return engine


def user_of(request: Request, authorization: Annotated[str | None, Header()] = None) -> str:
    """The user of a request. Takes `_dremio<token>` and `Bearer <token>`. Raises Unauthorized."""
    given = authorization or ""
    for prefix in ("_dremio", "Bearer "):
        if given.startswith(prefix):
            return engine_of(request).identity.user_of(given[len(prefix) :].strip())
    raise Unauthorized("User authentication is required")


CurrentEngine = Annotated[Engine, Depends(engine_of)]
CurrentUser = Annotated[str, Depends(user_of)]


@ROUTES.post("/apiv2/login")
def login(body: Login, engine: CurrentEngine) -> dict[str, Any]:
    """A token for a name and password."""
    token, expires_at = engine.identity.login(body.userName, body.password)
    return {
        "token": token,
        "userName": body.userName,
        "firstName": "",
        "lastName": "",
        "expires": int(expires_at * 1000),
        "email": "",
        "userId": body.userName,
        "admin": True,
        "clusterId": "embedded",
        "version": engine.version,
        "permissions": {},
    }
