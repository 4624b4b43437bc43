"""Users and the tokens they log in for."""

import hashlib
import hmac
import secrets
import time

from embedded.dremio.errors import Unauthorized
from embedded.dremio.state import StateFile

# OWASP's interactive parameters for scrypt: 16 MiB of memory and some 40 ms per guess.
SCRYPT = {"n": 2**14, "r": 8, "p": 1}


class Identity:
    """Passwords are kept as scrypt digests and tokens as SHA-256, so the state file gives neither away."""

    def __init__(self, state: StateFile, token_seconds: int) -> None:
        self._state = state
        self._token_seconds = token_seconds

    def ensure_user(self, name: str, password: str) -> None:
        """Create the user, or move it to this password; tokens of an older password end."""
        row = self._state.row("select salt, digest from users where name = ?", name)
        if row and hmac.compare_digest(_digest(password, row["salt"]), row["digest"]):
            return
        salt = secrets.token_bytes(16)
        with self._state.transaction():
            self._state.write(
                "insert or replace into users values (?, ?, ?)", name, salt, _digest(password, salt)
            )
            self._state.write("delete from tokens where user = ?", name)

    def login(self, name: str, password: str) -> tuple[str, float]:
        """A new token and the time it ends, in seconds since 1970. Raises Unauthorized."""
        row = self._state.row("select salt, digest from users where name = ?", name)
        given = _digest(password, row["salt"] if row else b"no such user....")
        if row is None or not hmac.compare_digest(given, row["digest"]):
            raise Unauthorized("Login failed: Invalid username or password")
        token = secrets.token_urlsafe(32)
        expires_at = time.time() + self._token_seconds
        with self._state.transaction():
            self._state.write("delete from tokens where expires_at < ?", time.time())
            self._state.write("insert into tokens values (?, ?, ?)", _fingerprint(token), name, expires_at)
        return token, expires_at

    def user_of(self, token: str) -> str:
        """The user a token was given to. Raises Unauthorized when it is unknown or over."""
        row = self._state.row("select user, expires_at from tokens where digest = ?", _fingerprint(token))
        if row is None or row["expires_at"] < time.time():
            raise Unauthorized("Invalid or expired token")
        return str(row["user"])


def _digest(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=SCRYPT["n"], r=SCRYPT["r"], p=SCRYPT["p"])


def _fingerprint(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
