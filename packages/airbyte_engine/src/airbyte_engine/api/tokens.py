"""Client credentials to bearer tokens. A token is signed, not stored: it outlives a restart of the server."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Annotated, Any

from fastapi import APIRouter, Form, Header, Request

from airbyte_engine.api import BackendOf
from airbyte_engine.problems import Problem

router = APIRouter()


def sign(client_secret: str, expires_at: int) -> str:
    """A token that is valid until then (epoch seconds)."""
    signature = hmac.new(client_secret.encode(), f"airbyte:{expires_at}".encode(), hashlib.sha256).hexdigest()
    return f"{expires_at}.{signature}"


def is_valid(token: str, client_secret: str, now: float) -> bool:
    """Signed with this secret, and not expired."""
    expires_at, _, _ = token.partition(".")
    if not expires_at.isdecimal() or int(expires_at) <= now:
        return False
    return hmac.compare_digest(token.encode(), sign(client_secret, int(expires_at)).encode())


def require_token(backend: BackendOf, authorization: Annotated[str, Header()] = "") -> None:
    """Raises Problem 401 without a valid bearer token."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not is_valid(token, backend.settings.client_secret, time.time()):
        raise Problem(
            401, "unauthorized", "Missing, wrong or expired bearer token; ask applications/token for one."
        )


def _grant(backend: BackendOf, client_id: str, client_secret: str) -> dict[str, Any]:
    settings = backend.settings
    known = hmac.compare_digest(client_id.encode(), settings.client_id.encode())
    proven = hmac.compare_digest(client_secret.encode(), settings.client_secret.encode())
    if not (known and proven):
        raise Problem(401, "unauthorized", "Unknown client_id or wrong client_secret.")
    expires_at = int(time.time()) + settings.token_seconds
    return {
        "access_token": sign(settings.client_secret, expires_at),
        "token_type": "Bearer",
        "expires_in": settings.token_seconds,
    }


@router.post("/applications/token")
async def token(
    request: Request,
    backend: BackendOf,
    client_id: Annotated[str, Form()] = "",
    client_secret: Annotated[str, Form()] = "",
) -> dict[str, Any]:
    """As a form (the SDK) or as JSON (Airbyte's documentation)."""
    if request.headers.get("content-type", "").startswith("application/json"):
        body = await request.json()
        if isinstance(body, dict):
            client_id, client_secret = str(body.get("client_id", "")), str(body.get("client_secret", ""))
    return _grant(backend, client_id, client_secret)
