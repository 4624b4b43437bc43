"""Users, their personal access tokens, and roles.

Dremio's Community Edition has users, but neither roles nor personal access tokens. Tokens are served here in
both editions, so that a client that uses them can be tested; roles only in Enterprise.
"""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict

from dremio_engine.access.roles import Role
from dremio_engine.access.tokens import PersonalToken
from dremio_engine.access.users import User, check_password
from dremio_engine.errors import EngineError, NotFound
from dremio_engine.rest.login import CurrentUser
from dremio_engine.rest.services import CurrentServices, Services
from dremio_engine.rest.statements import moment

ROUTES = APIRouter()


class UserBody(BaseModel):
    """A user as a client sends it."""

    model_config = ConfigDict(extra="ignore")

    name: str | None = None
    userName: str | None = None
    firstName: str = ""
    lastName: str = ""
    email: str = ""
    password: str | None = None
    tag: str | None = None


class NewToken(BaseModel):
    """What a personal access token is for, and how long it holds."""

    label: str = ""
    millisecondsToExpire: int


@ROUTES.put("/apiv2/bootstrap/firstuser")
def first_user(body: UserBody, services: CurrentServices) -> Response:
    """Refused: the engine starts with its first user."""
    raise EngineError("First user can only be created when no user is already registered")


@ROUTES.get("/api/v3/user")
def every(services: CurrentServices, user: CurrentUser) -> dict[str, Any]:
    """All users."""
    return {"data": [_shown(found, services) for found in services.identity.users.all()]}


@ROUTES.get("/api/v3/user/by-name/{name}")
def by_name(name: str, services: CurrentServices, user: CurrentUser) -> dict[str, Any]:
    """A user by its name."""
    return _shown(services.identity.users.by_name(name), services)


@ROUTES.get("/api/v3/user/{user_id}")
def by_id(user_id: str, services: CurrentServices, user: CurrentUser) -> dict[str, Any]:
    """A user by its id."""
    return _shown(services.identity.users.by_id(user_id), services)


@ROUTES.post("/api/v3/user")
def create(body: UserBody, services: CurrentServices, user: CurrentUser) -> dict[str, Any]:
    """A new user, with a home of its own. In Enterprise Edition only for the ADMIN role."""
    services.access.check_admin(user, "create users")
    if body.password is not None:
        check_password(body.password)
    made = services.accounts.create(
        body.name or body.userName or "", body.firstName, body.lastName, body.email
    )
    if body.password is not None:
        services.identity.users.set_password(made, body.password)
    return _shown(made, services)


@ROUTES.put("/api/v3/user/{user_id}")
def change(user_id: str, body: UserBody, services: CurrentServices, user: CurrentUser) -> dict[str, Any]:
    """Other names, address or password; 409 when the tag sent is not the newest."""
    found = services.identity.users.by_id(user_id)
    if found.name != user:
        services.access.check_admin(user, f"update user {found.name}")
    if (body.name or found.name) != found.name:
        raise EngineError("Changing of user name is not supported")
    if body.password is not None:
        check_password(body.password)
    changed = services.identity.users.change(found, body.firstName, body.lastName, body.email, body.tag)
    if body.password is not None:
        services.identity.users.set_password(changed, body.password)
    return _shown(changed, services)


@ROUTES.delete("/api/v3/user/{user_id}")
def delete(user_id: str, services: CurrentServices, user: CurrentUser) -> Response:
    """Forget a user."""
    services.access.check_admin(user, "delete users")
    services.accounts.delete(services.identity.users.by_id(user_id), user)
    return Response(status_code=204)


@ROUTES.get("/api/v3/user/{user_id}/token")
def tokens(user_id: str, services: CurrentServices, user: CurrentUser) -> dict[str, Any]:
    """The personal access tokens of a user: their own, or anybody's for the ADMIN role."""
    owner = _owner(user_id, services, user)
    return {"data": [_token(token, owner) for token in services.identity.tokens.of_user(owner.name)]}


@ROUTES.post("/api/v3/user/{user_id}/token")
def create_token(user_id: str, body: NewToken, services: CurrentServices, user: CurrentUser) -> Response:
    """A personal access token for oneself: the answer is the token, which is never shown again."""
    owner = _by_id_or_name(user_id, services)
    if owner.name != user:
        raise services.access.denied(f"User {user} is not allowed to create tokens of user {owner.name}")
    token = services.identity.tokens.create(user, body.label, body.millisecondsToExpire)
    return JSONResponse(token)


@ROUTES.delete("/api/v3/user/{user_id}/token/{token_id}")
def delete_token(user_id: str, token_id: str, services: CurrentServices, user: CurrentUser) -> Response:
    """End one personal access token."""
    services.identity.tokens.delete(_owner(user_id, services, user).name, token_id)
    return Response(status_code=204)


@ROUTES.delete("/api/v3/token")
def delete_tokens(services: CurrentServices, user: CurrentUser) -> Response:
    """End every token of the caller, this one too."""
    services.identity.tokens.delete_all(user)
    return Response(status_code=204)


def _by_id_or_name(user_id: str, services: Services) -> User:
    # Older versions of Dremio take the user's name here.
    users = services.identity.users
    return users.by_name(user_id) if users.exists(user_id) else users.by_id(user_id)


def _owner(user_id: str, services: Services, user: str) -> User:
    owner = _by_id_or_name(user_id, services)
    if owner.name != user:
        services.access.check_admin(user, f"manage tokens of user {owner.name}")
    return owner


def _token(token: PersonalToken, owner: User) -> dict[str, Any]:
    return {
        "tid": token.id,
        "uid": owner.id,
        "label": token.label,
        "createdAt": moment(token.created_at),
        "expiresAt": moment(token.expires_at),
    }


def _shown(user: User, services: Services) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "@type": "EnterpriseUser" if services.access.enforced else "User",
        "id": user.id,
        "name": user.name,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "email": user.email,
        "tag": user.tag,
        "active": True,
    }
    if services.access.enforced:
        shown |= {
            "source": "local",
            "identityType": "REGULAR_USER",
            "roles": [
                {"id": role.id, "name": role.name, "type": role.type}
                for role in services.access.roles.of_user(user.name)
            ],
        }
    return shown


@ROUTES.get("/api/v3/role")
def roles(services: CurrentServices, user: CurrentUser) -> dict[str, Any]:
    """All roles; 404 in Community Edition, which has none."""
    return {"data": [_role(role) for role in _roles(services)]}


@ROUTES.get("/api/v3/role/by-name/{name}")
def role_by_name(name: str, services: CurrentServices, user: CurrentUser) -> dict[str, Any]:
    """A role by its name."""
    for role in _roles(services):
        if role.name.lower() == name.lower():
            return _role(role)
    raise NotFound(f"Could not find role with name [{name}]")


@ROUTES.get("/api/v3/role/{role_id}")
def role_by_id(role_id: str, services: CurrentServices, user: CurrentUser) -> dict[str, Any]:
    """A role by its id."""
    for role in _roles(services):
        if role.id == role_id:
            return _role(role)
    raise NotFound(f"Could not find role with id [{role_id}]")


def _roles(services: Services) -> list[Role]:
    if not services.access.enforced:
        raise NotFound("HTTP 404 Not Found")
    return services.access.roles.all()


def _role(role: Role) -> dict[str, Any]:
    return {"id": role.id, "name": role.name, "type": role.type, "roles": [], "description": ""}
