"""Who a Flight call comes from and what its session remembers.

A call is authenticated by its own header. The session is what Dremio keeps beside it: properties a client
sent once (`schema`, the routing headers) hold for its later calls, found again by the session cookie, or
by the token as Dremio Software does it.
"""

import base64
import binascii
import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any

from pyarrow import flight

from dremio_engine.access.identity import Identity
from dremio_engine.errors import TooMany, Unauthorized
from dremio_engine.paths import Path

COOKIE = "SESSION_ID"
SESSIONS_KEPT = 10_000
# Taken and kept, without effect: there are no queues or engines to route to.
ROUTING = ("routing_tag", "routing_queue", "routing_engine")


@dataclass
class SessionProperties:
    """What a session remembers."""

    user: str
    schema: Path = ()
    routing: dict[str, str] = field(default_factory=dict)
    used_at: float = 0.0

    def take_over(self, schema: Path, routing: dict[str, str]) -> None:
        """What the headers of a call set; what they leave out stays."""
        self.schema = schema or self.schema
        self.routing |= routing

    def touch(self) -> None:
        """It was used just now."""
        self.used_at = time.monotonic()


class Session(flight.ServerMiddleware):
    """One call's user and session."""

    def __init__(self, user: str, properties: SessionProperties, answer: dict[str, str]) -> None:
        self.user, self.schema, self._answer = user, properties.schema, answer

    def sending_headers(self) -> dict[str, str]:
        """The bearer token after a basic login, and the session's cookie when it is new."""
        return self._answer


class SessionFactory(flight.ServerMiddlewareFactory):
    """Authenticates every call. Raises FlightUnauthenticatedError."""

    def __init__(self, identity: Identity, seconds: float) -> None:
        self._identity = identity
        self._sessions = _Sessions(seconds)

    def start_call(self, info: flight.CallInfo, headers: dict[str, list[Any]]) -> Session:
        """The session of a call, from its headers."""
        lowered = {key.lower(): values for key, values in headers.items()}
        answer: dict[str, str] = {}
        user, token, is_new = self._authenticate(_text(lowered.get("authorization")))
        if is_new:
            answer["authorization"] = f"Bearer {token}"
        cookie = _cookie(lowered.get("cookie"))
        properties = self._sessions.find(cookie, user) or self._sessions.find(_token_key(token), user)
        properties = properties or SessionProperties(user)
        properties.take_over(
            tuple(part.strip('"') for part in _text(lowered.get("schema")).split(".") if part),
            {name: value for name in ROUTING if (value := _text(lowered.get(name)))},
        )
        if not self._sessions.find(cookie, user):
            cookie = secrets.token_urlsafe(18)
            answer["set-cookie"] = f"{COOKIE}={cookie}; Path=/; HttpOnly"
        self._sessions.keep(cookie, properties)
        self._sessions.keep(_token_key(token), properties)
        return Session(user, properties, answer)

    def _authenticate(self, authorization: str) -> tuple[str, str, bool]:
        """User, token, and whether the token is new to the client."""
        kind, _, value = authorization.partition(" ")
        try:
            if kind.lower() == "bearer":
                return self._identity.user_of(value.strip()), value.strip(), False
            if kind.lower() == "basic":
                name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
                token, _expires = self._identity.login(name, password, "flight")
                return self._identity.user_of(token), token, True
        except (Unauthorized, TooMany) as error:
            raise flight.FlightUnauthenticatedError(error.message) from error
        except (binascii.Error, UnicodeDecodeError) as error:
            raise flight.FlightUnauthenticatedError("Invalid credentials") from error
        raise flight.FlightUnauthenticatedError("User authentication is required")


class _Sessions:
    """Bounded, and forgotten when not used for a while."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._by_key: OrderedDict[str, SessionProperties] = OrderedDict()

    def find(self, key: str, user: str) -> SessionProperties | None:
        """A live session of this user: another's key finds nothing."""
        with self._lock:
            found = self._by_key.get(key)
            if found is None or found.user != user or found.used_at < time.monotonic() - self._seconds:
                return None
            return found

    def keep(self, key: str, properties: SessionProperties) -> None:
        """Remember a session under a key; the one used longest ago is forgotten when there are too many."""
        with self._lock:
            properties.touch()
            self._by_key[key] = properties
            self._by_key.move_to_end(key)
            while len(self._by_key) > SESSIONS_KEPT:
                self._by_key.popitem(last=False)


def session_of(context: flight.ServerCallContext) -> Session:
    """The session of the call that runs. Raises FlightUnauthenticatedError."""
    session = context.get_middleware("session")
    if not isinstance(session, Session):
        raise flight.FlightUnauthenticatedError("User authentication is required")
    return session


def _cookie(values: list[Any] | None) -> str:
    try:
        morsel = SimpleCookie(_text(values)).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def _token_key(token: str) -> str:
    return hashlib.sha256(b"token " + token.encode()).hexdigest()


def _text(values: list[Any] | None) -> str:
    first = values[0] if values else ""
    return first.decode(errors="replace") if isinstance(first, bytes) else str(first)
