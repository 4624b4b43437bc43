"""Dremio's privileges: which there are, on what, and which a statement needs.

Source: docs.dremio.com, GRANT/REVOKE of Dremio Software 26. DELETE, DROP, INSERT, TRUNCATE and UPDATE are
taken on a single table too, as the same page's examples have it.
"""

from dremio_engine.errors import InvalidStatement

SELECT, ALTER, MANAGE_GRANTS, OWNERSHIP = "SELECT", "ALTER", "MANAGE GRANTS", "OWNERSHIP"
ALTER_REFLECTION, VIEW_REFLECTION, READ_METADATA = "ALTER REFLECTION", "VIEW REFLECTION", "READ METADATA"

_DATA = frozenset({SELECT, "INSERT", "UPDATE", "DELETE", "TRUNCATE"})
_SHARED = frozenset({ALTER, MANAGE_GRANTS, OWNERSHIP, READ_METADATA})
_REFLECTIONS = frozenset({ALTER_REFLECTION, VIEW_REFLECTION})
_CONTAINER = _DATA | _SHARED | _REFLECTIONS

BY_OBJECT: dict[str, frozenset[str]] = {
    "SYSTEM": (_CONTAINER - {OWNERSHIP})
    | {
        "CONFIGURE SECURITY", "CREATE ROLE", "CREATE SOURCE", "CREATE TABLE", "CREATE USER", "DROP",
        "EXECUTE", "EXPORT DIAGNOSTICS", "EXTERNAL QUERY", "MODIFY", "UPLOAD FILE", "VIEW JOB HISTORY",
    },
    "SOURCE": _CONTAINER | {"CREATE TABLE", "DROP", "EXTERNAL QUERY", "MODIFY"},
    "SPACE": _CONTAINER | {"MODIFY"},
    "FOLDER": _CONTAINER | {"CREATE TABLE", "DROP"},
    "TABLE": _DATA | _SHARED | {"DROP"},
    "VIEW": _SHARED | {SELECT},
}  # fmt: skip
# ALL is every privilege that the object can have but these.
NOT_IN_ALL = frozenset({MANAGE_GRANTS, OWNERSHIP})
KNOWN = frozenset().union(*BY_OBJECT.values())

# How `sys.privileges` writes an object's type.
SHOWN_TYPES = {"TABLE": "PDS", "VIEW": "VDS"}


def expand(privileges: tuple[str, ...], object_type: str, written: tuple[str, ...] = ()) -> list[str]:
    """The privileges a GRANT names, ALL written out. Raises InvalidStatement for one the object has not.

    `written` has them as the statement writes them.
    """
    possible = BY_OBJECT[object_type]
    if privileges == ("ALL",):
        return sorted(possible - NOT_IN_ALL)
    for privilege, words in zip(privileges, written or privileges, strict=True):
        if privilege not in KNOWN:
            raise InvalidStatement(
                f'PARSE ERROR: Failure parsing the query. Encountered "{words}":'
                f" [{privilege}] is not a privilege."
            )
        if privilege not in possible:
            raise InvalidStatement(
                f"VALIDATION ERROR: privilege [{privilege}] cannot be granted on a {object_type}."
            )
    return list(privileges)
