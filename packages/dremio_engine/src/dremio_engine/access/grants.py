"""What was granted to whom on what, and who owns what."""

import json
from dataclasses import dataclass

from dremio_engine.access.roles import USER, Grantee
from dremio_engine.paths import Path, path_key
from dremio_engine.state import StateFile

SCHEMA = """
create table if not exists grants (
    path_key text not null, path text not null, object_type text not null, grantee_type text not null,
    grantee_key text not null, grantee text not null, privilege text not null,
    primary key (path_key, grantee_type, grantee_key, privilege));
create index if not exists grants_of on grants (grantee_type, grantee_key);
create table if not exists owners (
    path_key text primary key, owner_type text not null, owner_key text not null, owner text not null);
"""


@dataclass(frozen=True)
class Grant:
    """One privilege on one object; an empty path is the whole system."""

    path: Path
    object_type: str
    grantee_type: str
    grantee: str
    privilege: str


class Grants:
    """Objects are known by their paths: dropping one forgets what was granted on it."""

    def __init__(self, state: StateFile) -> None:
        self._state = state
        state.ensure(SCHEMA)

    def all(self) -> list[Grant]:
        """Every grant, by object."""
        rows = self._state.rows("select * from grants order by path_key, grantee, privilege")
        return [
            Grant(
                tuple(json.loads(row["path"])),
                row["object_type"],
                row["grantee_type"],
                row["grantee"],
                row["privilege"],
            )
            for row in rows
        ]

    def add(self, grant: Grant) -> None:
        """Keep a grant."""
        self._state.write(
            "insert or ignore into grants values (?, ?, ?, ?, ?, ?, ?)",
            path_key(grant.path), json.dumps(grant.path), grant.object_type, grant.grantee_type,
            grant.grantee.lower(), grant.grantee, grant.privilege,
        )  # fmt: skip

    def remove(self, grant: Grant) -> bool:
        """Take a grant back; no when there was none."""
        return bool(
            self._state.write(
                "delete from grants where path_key = ? and grantee_type = ? and grantee_key = ?"
                " and privilege = ?",
                path_key(grant.path), grant.grantee_type, grant.grantee.lower(), grant.privilege,
            )
        )  # fmt: skip

    def holds(self, who: frozenset[Grantee], privileges: tuple[str, ...], path: Path) -> bool:
        """Whether one of these has one of the privileges on the object or on what it lies in."""
        scopes = [path_key(path[:length]) for length in range(len(path) + 1)]
        rows = self._state.rows(
            f"select grantee_type, grantee_key from grants where path_key in ({_marks(scopes)})"
            f" and privilege in ({_marks(privileges)})",
            *scopes, *privileges,
        )  # fmt: skip
        return any((row["grantee_type"], row["grantee_key"]) in who for row in rows)

    def below(self, who: frozenset[Grantee], path: Path) -> bool:
        """Whether one of these has or owns anything below a path: then it may see the way to it."""
        start = path_key(path) + "\x1f"
        rows = self._state.rows(
            "select grantee_type, grantee_key from grants where substr(path_key, 1, ?1) = ?2 union"
            " select owner_type, owner_key from owners where substr(path_key, 1, ?1) = ?2",
            len(start), start,
        )  # fmt: skip
        return any((row["grantee_type"], row["grantee_key"]) in who for row in rows)

    # -- owners --------------------------------------------------------------------------------------

    def owner(self, path: Path) -> tuple[str, str] | None:
        """(user or role, name) of an object's owner, nothing when none was noted."""
        row = self._state.row("select owner_type, owner from owners where path_key = ?", path_key(path))
        return (row["owner_type"], row["owner"]) if row else None

    def set_owner(self, path: Path, owner_type: str, owner: str) -> None:
        """Hand an object over."""
        self._state.write(
            "insert or replace into owners values (?, ?, ?, ?)",
            path_key(path),
            owner_type,
            owner.lower(),
            owner,
        )

    def forget(self, path: Path) -> None:
        """An object is gone, with all below it."""
        key = path_key(path)
        start = key + "\x1f"
        for table in ("grants", "owners"):
            self._state.write(
                f"delete from {table} where path_key = ? or substr(path_key, 1, ?) = ?",
                key,
                len(start),
                start,
            )

    def forget_grantee(self, kind: str, name: str, heir: str) -> None:
        """A user or role is gone: its grants too, while what it owned goes to another user."""
        self._state.write("delete from grants where grantee_type = ? and grantee_key = ?", kind, name.lower())
        self._state.write(
            "update owners set owner_type = ?, owner_key = ?, owner = ?"
            " where owner_type = ? and owner_key = ?",
            USER, heir.lower(), heir, kind, name.lower(),
        )  # fmt: skip


def _marks(values: list[str] | tuple[str, ...]) -> str:
    return ",".join("?" * len(values))
