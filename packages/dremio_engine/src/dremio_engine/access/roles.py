"""Roles, and who is in them."""

import sqlite3
import uuid
from dataclasses import dataclass

from dremio_engine.errors import Conflict, EngineError, NotFound
from dremio_engine.state import StateFile

PUBLIC, ADMIN = "PUBLIC", "ADMIN"
SYSTEM_ROLES = (ADMIN, PUBLIC)
USER, ROLE = "user", "role"
# Somebody a privilege can be given to: (user or role, name in lower case).
Grantee = tuple[str, str]

SCHEMA = """
create table if not exists roles (
    id text primary key, name text not null, name_key text not null unique, created_by text not null);
create table if not exists role_members (
    role_key text not null, member_type text not null, member_key text not null, member text not null,
    primary key (role_key, member_type, member_key));
"""


@dataclass(frozen=True)
class Role:
    """A role; `type` is SYSTEM for those that are always there, else INTERNAL."""

    id: str
    name: str
    created_by: str

    @property
    def type(self) -> str:
        """As the REST API shows it."""
        return "SYSTEM" if self.name in SYSTEM_ROLES else "INTERNAL"


class Roles:
    """Names ignore case. Everybody is in PUBLIC; whoever is in ADMIN may do everything."""

    def __init__(self, state: StateFile) -> None:
        self._state = state
        state.ensure(SCHEMA)
        for name in SYSTEM_ROLES:
            if not self.exists(name):
                self._add(name, "$dremio$")

    def all(self) -> list[Role]:
        """Every role by name."""
        rows = self._state.rows("select * from roles order by name_key")
        return [Role(row["id"], row["name"], row["created_by"]) for row in rows]

    def exists(self, name: str) -> bool:
        """Whether there is a role of this name."""
        return self._state.row("select 1 from roles where name_key = ?", name.lower()) is not None

    def create(self, name: str, user: str) -> None:
        """A new role. Raises Conflict."""
        if not name:
            raise EngineError("A role needs a name.")
        self._add(name, user)

    def _add(self, name: str, user: str) -> None:
        try:
            self._state.write(
                "insert into roles values (?, ?, ?, ?)", str(uuid.uuid4()), name, name.lower(), user
            )
        except sqlite3.IntegrityError as error:
            raise Conflict(f"Role '{name}' already exists.") from error

    def drop(self, name: str) -> None:
        """Forget a role and its memberships. Raises NotFound, EngineError for a system role."""
        if name.upper() in SYSTEM_ROLES:
            raise EngineError(f"Role '{name.upper()}' is a system role and cannot be dropped.")
        if not self._state.write("delete from roles where name_key = ?", name.lower()):
            raise NotFound(f"Role '{name}' does not exist.")
        self._state.write(
            "delete from role_members where role_key = ? or (member_type = ? and member_key = ?)",
            name.lower(), ROLE, name.lower(),
        )  # fmt: skip

    def add_member(self, role: str, member_type: str, member: str) -> None:
        """Put a user or role into a role. Raises NotFound, EngineError when roles would hold each other."""
        self._must_exist(role)
        if role.upper() == PUBLIC:
            raise EngineError("Every user is a member of role 'PUBLIC'.")
        if member_type == ROLE:
            self._must_exist(member)
            if (ROLE, member.lower()) in self.closure({(ROLE, role.lower())}):
                raise EngineError(f"Role '{role}' is in role '{member}' already, which cannot be in it too.")
        self._state.write(
            "insert or ignore into role_members values (?, ?, ?, ?)",
            role.lower(), member_type, member.lower(), member,
        )  # fmt: skip

    def remove_member(self, role: str, member_type: str, member: str) -> None:
        """Take a user or role out of a role."""
        self._must_exist(role)
        self._state.write(
            "delete from role_members where role_key = ? and member_type = ? and member_key = ?",
            role.lower(), member_type, member.lower(),
        )  # fmt: skip

    def forget_user(self, name: str) -> None:
        """Take a user out of every role."""
        self._state.write(
            "delete from role_members where member_type = ? and member_key = ?", USER, name.lower()
        )

    def members(self) -> list[tuple[str, str, str]]:
        """(role, member, user or role) of every membership but those in PUBLIC."""
        rows = self._state.rows(
            "select r.name, m.member, m.member_type from role_members m"
            " join roles r on r.name_key = m.role_key order by 1, 2"
        )
        return [(row["name"], row["member"], row["member_type"]) for row in rows]

    def of_user(self, name: str) -> list[Role]:
        """Every role a user is in, directly, through another role, or as everybody."""
        held = self.closure({(USER, name.lower())})
        return [role for role in self.all() if (ROLE, role.name.lower()) in held]

    def has_user(self, name: str, role: str) -> bool:
        """Whether a user is in a role, directly, through another role, or as everybody."""
        return (ROLE, role.lower()) in self.closure({(USER, name.lower())})

    def closure(self, start: set[Grantee]) -> frozenset[Grantee]:
        """A user or role with every role that it is in."""
        found, left = {(ROLE, PUBLIC.lower())}, list(start)
        pairs = self._state.rows("select role_key, member_type, member_key from role_members")
        while left:
            current = left.pop()
            if current in found and current not in start:
                continue
            found.add(current)
            left += [
                (ROLE, row["role_key"])
                for row in pairs
                if (row["member_type"], row["member_key"]) == current and (ROLE, row["role_key"]) not in found
            ]
        return frozenset(found)

    def _must_exist(self, role: str) -> None:
        if not self.exists(role):
            raise NotFound(f"Role '{role}' does not exist.")
