"""Who may see the page and acknowledge an incident: Airflow's own sign-in and permissions decide.

Airflow protects nothing that a plugin mounts. Here every route asks the auth manager, whichever is
configured, with the same token (cookie or bearer) that Airflow's own pages use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.auth.tokens import get_signing_key
from airflow.api_fastapi.core_api.security import bearer_scheme, get_user
from airflow.configuration import conf
from airflow.models.dag import DagModel
from fastapi import Depends, HTTPException, Request, status
from fastapi.security import HTTPAuthorizationCredentials
from itsdangerous import BadSignature, URLSafeTimedSerializer

from lakehouse.night.plan import NIGHT

if TYPE_CHECKING:
    from airflow.api_fastapi.auth.managers.models.batch_apis import IsAuthorizedDagRequest

FORM_HOURS: Final = 12
"""How long a page that stays open can still send its forms."""
_SALT: Final = "lakehouse health page"

Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer_scheme)]


class NotSignedInError(Exception):
    """A browser asked for the page without a valid session: it is sent to Airflow's sign-in."""


async def signed_in(request: Request, bearer: Bearer) -> BaseUser:
    """The user of the request. Raises HTTPException 401 or 403, as Airflow's own API does."""
    return await get_user(request, None, bearer)


async def signed_in_browser(request: Request, bearer: Bearer) -> BaseUser:
    """The user of a request for a page.

    Raises NotSignedInError where a person can sign in, and HTTPException for a client that sent a token.
    """
    try:
        return await get_user(request, None, bearer)
    except HTTPException as refused:
        if bearer is not None:
            raise
        raise NotSignedInError from refused


def reader_of_page(user: Annotated[BaseUser, Depends(signed_in_browser)]) -> BaseUser:
    """A user who may see the runs of every stage of the night. Raises HTTPException 403."""
    return _allowed(user, "GET")


def reader(user: Annotated[BaseUser, Depends(signed_in)]) -> BaseUser:
    """As `reader_of_page`, for a program: never sent to the sign-in."""
    return _allowed(user, "GET")


def operator(user: Annotated[BaseUser, Depends(signed_in)]) -> BaseUser:
    """A user who may change the runs of every stage of the night. Raises HTTPException 403."""
    return _allowed(user, "PUT")


def may_operate(user: BaseUser) -> bool:
    """Whether the user may change runs, and with that acknowledge incidents."""
    return _is_allowed(user, "PUT")


def form_token(user: BaseUser) -> str:
    """What a form of the page carries to prove that it came from the page, and was made for this user."""
    return str(_signer().dumps(str(user.get_id())))


def require_own_form(request: Request, user: BaseUser, token: str | None) -> None:
    """Refuse a change that another site had the user's browser send. Raises HTTPException 403.

    The session's cookie is `SameSite=Lax`, which does not hold back a neighbour under the same domain. A
    request with a bearer token cannot be forged that way.
    """
    # Where there is one, it is what the user was told from.
    if request.headers.get("Authorization", "").lower().startswith("bearer "):
        return
    try:
        owner: Any = _signer().loads(token or "", max_age=FORM_HOURS * 3600)
    except BadSignature:
        owner = None
    if owner != str(user.get_id()):
        raise HTTPException(
            status.HTTP_403_FORBIDDEN, "the form is not from this page or too old: reload the page, try again"
        )


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(get_signing_key("api", "secret_key"), salt=_SALT)


def _allowed(user: BaseUser, method: Literal["GET", "PUT"]) -> BaseUser:
    if not _is_allowed(user, method):
        verb = "see" if method == "GET" else "change"
        raise HTTPException(
            status.HTTP_403_FORBIDDEN, f"your account may not {verb} the runs of the night's DAGs"
        )
    return user


def _is_allowed(user: BaseUser, method: Literal["GET", "PUT"]) -> bool:
    stages = [each.name for each in NIGHT]
    teams = {}
    if conf.getboolean("core", "multi_team", fallback=False):
        teams = DagModel.get_dag_id_to_team_name_mapping(stages)
    wanted: list[IsAuthorizedDagRequest] = [
        {
            "method": method,
            "access_entity": DagAccessEntity.RUN,
            "details": DagDetails(id=name, team_name=teams.get(name)),
        }
        for name in stages
    ]
    return bool(get_auth_manager().batch_is_authorized_dag(wanted, user=user))
