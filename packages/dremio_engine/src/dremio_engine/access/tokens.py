"""Tokens: those of a login, and the personal ones a user makes for its programs."""

import hashlib
import secrets
import time
import uuid
from dataclasses import dataclass

from dremio_engine.errors import EngineError, NotFound, Unauthorized
from dremio_engine.state import StateFile

# Dremio's default of the longest life of a personal access token.
PERSONAL_DAYS = 180

SCHEMA = """
create table if not exists personal_tokens (
    id text primary key, user text not null, label text not null, digest blob not null unique,
    created_at real not null, expires_at real not null);
"""


@dataclass(frozen=True)
class PersonalToken:
    """What is known of a personal access token after it was shown once; times in seconds since 1970."""

    id: str
    user: str
    label: str
    created_at: float
    expires_at: float


class Tokens:
    """Kept as SHA-256 digests: the state file gives none away."""

    def __init__(self, state: StateFile, login_seconds: int) -> None:
        self._state = state
        self._login_seconds = login_seconds
        state.ensure(SCHEMA)

    def of_login(self, user: str) -> tuple[str, float]:
        """A new token of a login and the time it ends, in seconds since 1970."""
        token, now = secrets.token_urlsafe(32), time.time()
        expires_at = now + self._login_seconds
        with self._state.transaction():
            self._state.write("delete from tokens where expires_at < ?", now)
            self._state.write("delete from personal_tokens where expires_at < ?", now)
            self._state.write("insert into tokens values (?, ?, ?)", _digest(token), user, expires_at)
        return token, expires_at

    def user_of(self, token: str) -> str:
        """The user a token stands for. Raises Unauthorized when it is unknown or over."""
        digest = _digest(token)
        row = self._state.row(
            "select user, expires_at from tokens where digest = ? union all"
            " select user, expires_at from personal_tokens where digest = ?", digest, digest,
        )  # fmt: skip
        if row is None or row["expires_at"] < time.time():
            raise Unauthorized("Invalid or expired token")
        return str(row["user"])

    def end(self, token: str) -> None:
        """Log out: end this token of a login."""
        self._state.write("delete from tokens where digest = ?", _digest(token))

    # -- personal access tokens ----------------------------------------------------------------------

    def create(self, user: str, label: str, milliseconds: int) -> str:
        """A personal access token. Raises EngineError when it would hold too long or not at all."""
        if not 0 < milliseconds <= PERSONAL_DAYS * 86_400_000:
            raise EngineError(f"millisecondsToExpire must be positive and at most {PERSONAL_DAYS} days.")
        token, now = secrets.token_urlsafe(48), time.time()
        self._state.write(
            "insert into personal_tokens values (?, ?, ?, ?, ?, ?)",
            str(uuid.uuid4()), user, label, _digest(token), now, now + milliseconds / 1000,
        )  # fmt: skip
        return token

    def of_user(self, user: str) -> list[PersonalToken]:
        """A user's personal access tokens that hold, oldest first."""
        rows = self._state.rows(
            "select * from personal_tokens where user = ? and expires_at >= ? order by created_at",
            user, time.time(),
        )  # fmt: skip
        return [PersonalToken(r["id"], r["user"], r["label"], r["created_at"], r["expires_at"]) for r in rows]

    def delete(self, user: str, token_id: str) -> None:
        """End one personal access token. Raises NotFound."""
        if not self._state.write("delete from personal_tokens where user = ? and id = ?", user, token_id):
            raise NotFound(f"Could not find token with id [{token_id}]")

    def delete_all(self, user: str) -> None:
        """End every token of a user, those of its logins too."""
        with self._state.transaction():
            self._state.write("delete from personal_tokens where user = ?", user)
            self._state.write("delete from tokens where user = ?", user)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
