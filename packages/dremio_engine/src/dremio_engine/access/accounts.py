"""Users as they come and go, each with a home, and all that is kept about them."""

from dremio_engine.access.control import AccessControl
from dremio_engine.access.identity import Identity
from dremio_engine.access.roles import USER
from dremio_engine.access.users import User
from dremio_engine.catalog.containers import Containers
from dremio_engine.errors import EngineError


class Accounts:
    """`first_user` is the engine's own and stays."""

    def __init__(
        self, identity: Identity, control: AccessControl, containers: Containers, first_user: str
    ) -> None:
        self._identity, self._control, self._containers = identity, control, containers
        self._first_user = first_user

    def ensure_first_user(self, password: str) -> None:
        """Create the engine's own user, or move it to this password, and give it a home."""
        self._identity.ensure_user(self._first_user, password)
        self._containers.ensure_home(self._first_user)

    def create(self, name: str, first_name: str = "", last_name: str = "", email: str = "") -> User:
        """A user with a home of its own, which it owns."""
        made = self._identity.users.create(name, first_name, last_name, email)
        self._control.own(self._containers.ensure_home(name), name)
        return made

    def delete(self, user: User, by: str) -> None:
        """Forget a user, its tokens, roles and grants; what it owned belongs to `by` from now on."""
        if user.name == self._first_user:
            raise EngineError(f"User '{user.name}' is the engine's own and cannot be deleted.")
        self._identity.tokens.delete_all(user.name)
        self._identity.users.delete(user)
        self._control.roles.forget_user(user.name)
        self._control.grants.forget_grantee(USER, user.name, by)
