"""`sys.privileges`, `sys.roles`, `sys.users` and `sys.membership`, with the columns Dremio documents."""

import re
from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa

from dremio_engine.access.control import AccessControl
from dremio_engine.access.privileges import SHOWN_TYPES
from dremio_engine.access.roles import USER
from dremio_engine.access.users import Users
from dremio_engine.paths import Path
from dremio_engine.sql.quoting import quoted
from dremio_engine.tables.system_tables import Makers

PRIVILEGES = ("grantee_id", "grantee_type", "privilege", "object_id", "object_type")
ROLES = ("role_id", "role_name", "role_type", "owner_id", "owner_type", "created_by")
MEMBERSHIP = ("role_name", "member_name", "member_type")
USERS = ("user_id", "user_name", "first_name", "last_name", "status", "user_type")
SIMPLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def access_tables(control: AccessControl, users: Users) -> Makers:
    """(schema, name) -> how the table is made; empty of grants and roles in Community Edition."""
    return {
        ("sys", "privileges"): lambda: _privileges(control),
        ("sys", "roles"): lambda: _roles(control, users),
        ("sys", "membership"): lambda: _texts(
            MEMBERSHIP,
            [(role, member, kind.upper()) for role, member, kind in control.roles.members()]
            if control.enforced
            else [],
        ),
        ("sys", "users"): lambda: _users(users),
    }


def _privileges(control: AccessControl) -> pa.Table:
    rows = [
        (
            grant.grantee,
            grant.grantee_type,
            grant.privilege.replace(" ", "_"),
            object_id(grant.path),
            SHOWN_TYPES.get(grant.object_type, grant.object_type),
        )
        for grant in control.grants.all()
        if control.enforced
    ]
    return _texts(PRIVILEGES, rows)


def object_id(path: Path) -> str:
    """A path as dbt-dremio looks for it: dotted, and quoted only where a part is not a plain name."""
    return ".".join(part if SIMPLE_NAME.fullmatch(part) else quoted(part) for part in path)


def _roles(control: AccessControl, users: Users) -> pa.Table:
    ids = {user.name: user.id for user in users.all()}
    rows = [
        (role.id, role.name, "LOCAL", ids.get(role.created_by, role.created_by), USER.upper(), "LOCAL")
        for role in control.roles.all()
        if control.enforced
    ]
    return _texts(ROLES, rows)


def _users(users: Users) -> pa.Table:
    found = users.all()
    table = _texts(USERS, [(u.id, u.name, u.first_name, u.last_name, "active", "LOCAL") for u in found])
    created = [datetime.fromisoformat(u.created_at).replace(tzinfo=None) for u in found]
    table = table.append_column("created", pa.array(created, type=pa.timestamp("ms")))
    for name, value in (("owner_id", ""), ("owner_type", "user"), ("created_by", "LOCAL")):
        table = table.append_column(name, pa.array([value] * len(found), type=pa.string()))
    return table


def _texts(names: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return pa.table([pa.array(list(c), type=pa.string()) for c in columns], names=list(names))
