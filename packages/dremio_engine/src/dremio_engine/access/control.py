"""Who may do what. In Community Edition everybody may do everything."""

from dremio_engine.access.grants import Grants
from dremio_engine.access.privileges import KNOWN, OWNERSHIP
from dremio_engine.access.roles import ADMIN, ROLE, USER, Grantee, Roles
from dremio_engine.errors import Forbidden
from dremio_engine.paths import Path, dotted
from dremio_engine.state import StateFile

SYSTEM_SCHEMAS = frozenset({"sys", "information_schema"})


class AccessControl:
    """Privileges count on the object and on everything it lies in; ownership on the object alone."""

    def __init__(self, state: StateFile, enforced: bool, first_user: str) -> None:
        self.enforced = enforced
        self.roles = Roles(state)
        self.grants = Grants(state)
        self._first_user = first_user
        self.roles.add_member(ADMIN, USER, first_user)

    def principal(self, kind: str, name: str) -> frozenset[Grantee]:
        """A user or role with every role that it is in."""
        return self.roles.closure({(kind, name.lower())})

    def is_admin(self, user: str) -> bool:
        """Whether a user is in the ADMIN role; in Community Edition every user is."""
        return not self.enforced or (ROLE, ADMIN.lower()) in self.principal(USER, user)

    def owner(self, path: Path) -> tuple[str, str]:
        """(user or role, name): what nobody is noted for belongs to the first user."""
        return self.grants.owner(path) or (USER, self._first_user)

    def own(self, path: Path, user: str) -> None:
        """A user made this object."""
        if self.grants.owner(path) is None and user != self._first_user:
            self.grants.set_owner(path, USER, user)

    def allowed(self, who: frozenset[Grantee], path: Path, *privileges: str) -> bool:
        """Whether one of the privileges is held on an object; its owner holds all."""
        if not self.enforced or (ROLE, ADMIN.lower()) in who:
            return True
        kind, name = self.owner(path)
        return (kind, name.lower()) in who or self.grants.holds(who, privileges, path)

    def check(self, user: str, path: Path, *privileges: str) -> None:
        """Raises Forbidden unless the user holds one of the privileges."""
        if self.enforced and not self.allowed(self.principal(USER, user), path, *privileges):
            wanted = " or ".join(p for p in privileges if p != OWNERSHIP)
            raise self.denied(f"User '{user}' needs {wanted} on [{dotted(path) or 'SYSTEM'}].")

    def check_admin(self, user: str, what: str) -> None:
        """Raises Forbidden unless the user is in the ADMIN role."""
        if not self.is_admin(user):
            raise self.denied(f"User '{user}' is not allowed to {what}.")

    def sees(self, user: str, path: Path) -> bool:
        """Whether an object shows in this user's catalog: any privilege on it, around it or below it."""
        if not self.enforced or not path or path[0].lower() in SYSTEM_SCHEMAS:
            return True
        who = self.principal(USER, user)
        return self.allowed(who, path, *KNOWN) or self.grants.below(who, path)

    @staticmethod
    def denied(reason: str) -> Forbidden:
        """The error of a refusal, in Dremio's words."""
        return Forbidden(f"PERMISSION ERROR: {reason}")
