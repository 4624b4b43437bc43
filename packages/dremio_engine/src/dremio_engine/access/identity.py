"""Who a client is: logins, and what a token stands for."""

import threading

from dremio_engine.access.throttle import LoginThrottle
from dremio_engine.access.tokens import Tokens
from dremio_engine.access.users import GUESS_COST, GuessCost, Users
from dremio_engine.errors import TooMany, Unauthorized
from dremio_engine.state import StateFile

# A guess costs 40 ms of a core: more at once would take the cores from everybody's statements.
CHECKED_AT_ONCE = 2
WAITING_SECONDS = 5.0


class Identity:
    """The way in for both protocols."""

    def __init__(self, state: StateFile, token_seconds: int, cost: GuessCost = GUESS_COST) -> None:
        self.users = Users(state, cost)
        self.tokens = Tokens(state, token_seconds)
        self._throttle = LoginThrottle()
        self._checking = threading.BoundedSemaphore(CHECKED_AT_ONCE)

    def ensure_user(self, name: str, password: str) -> None:
        """Create the user, or move it to this password; tokens of an older password end."""
        if not self.users.exists(name):
            self.users.create(name)
        if not self.users.has_password(name, password):
            self.users.set_password(self.users.by_name(name), password)
        self._throttle.succeeded(name, "", password)

    def login(self, name: str, password: str, address: str = "") -> tuple[str, float]:
        """A new token and the time it ends, in seconds since 1970. Raises Unauthorized, TooMany.

        A personal access token stands for the password too, as Dremio takes it; its user's name may then
        be left out or `$token`.
        """
        self._throttle.check(name, address, password)
        if (user := self._user_of_personal_token(name, password)) is None:
            user = self._check_password(name, password, address)
        self._throttle.succeeded(name, address, password)
        return self.tokens.of_login(user)

    def user_of(self, token: str) -> str:
        """The user a token was given to. Raises Unauthorized when it is unknown or over."""
        return self.tokens.user_of(token)

    def _check_password(self, name: str, password: str, address: str) -> str:
        if not self._checking.acquire(timeout=WAITING_SECONDS):
            raise TooMany("Login failed: too many logins at once; try again.")
        try:
            right = self.users.has_password(name, password)
        finally:
            self._checking.release()
        if not right:
            self._throttle.failed(name, address, password)
            raise Unauthorized("Login failed: Invalid username or password")
        return name

    def _user_of_personal_token(self, name: str, password: str) -> str | None:
        try:
            user = self.tokens.user_of(password)
        except Unauthorized:
            return None
        return user if name in ("", "$token", user) else None
