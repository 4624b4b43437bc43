"""What of the catalog shows itself to the user whose statement or request runs.

Only in Enterprise Edition: rows of INFORMATION_SCHEMA about objects on which a user has no privilege are
left out, and so are other users' jobs.
"""

from contextvars import ContextVar
from dataclasses import replace

import pyarrow as pa

from dremio_engine.access.control import AccessControl
from dremio_engine.catalog.resolver import SystemRelations
from dremio_engine.sql.translate import Relation

# Nobody: the engine itself asks.
CURRENT_USER: ContextVar[str | None] = ContextVar("current_user", default=None)
JOB_TABLES = ("jobs", "jobs_recent")


def sees(control: AccessControl, path: tuple[str, ...]) -> bool:
    """Whether an object shows to the current user."""
    user = CURRENT_USER.get()
    return user is None or control.is_admin(user) or control.sees(user, path)


class VisibleTables:
    """System tables with the rows that the current user may see."""

    def __init__(self, tables: SystemRelations, control: AccessControl) -> None:
        self._tables, self._control = tables, control

    def relation(self, schema: str, name: str) -> Relation | None:
        """The relation of a system table, or nothing."""
        found, user = self._tables.relation(schema, name), CURRENT_USER.get()
        if found is None or found.registered is None or user is None or self._control.is_admin(user):
            return found
        mark, rows = found.registered
        if schema == "information_schema":
            rows = _visible(rows, self._control, user)
        elif schema == "sys" and name in JOB_TABLES:
            rows = rows.filter(
                pa.array([owner == user for owner in rows["user_name"].to_pylist()], pa.bool_())
            )
        return replace(found, registered=(mark, rows))


def _visible(rows: pa.Table, control: AccessControl, user: str) -> pa.Table:
    names = rows.schema.names
    if "TABLE_SCHEMA" in names:
        schemas, tables = rows["TABLE_SCHEMA"].to_pylist(), rows["TABLE_NAME"].to_pylist()
        paths = [(*str(s).split("."), str(t)) for s, t in zip(schemas, tables, strict=True)]
    elif "SCHEMA_NAME" in names:
        paths = [tuple(str(s).split(".")) for s in rows["SCHEMA_NAME"].to_pylist()]
    else:
        return rows
    seen = {path: control.sees(user, path) for path in set(paths)}
    return rows.filter(pa.array([seen[path] for path in paths], pa.bool_()))
