"""Statements about access, cut into typed commands: GRANT, REVOKE, roles and users.

The syntax is Dremio Software's (docs.dremio.com: GRANT/REVOKE, Role, User SQL Commands).
"""

from dataclasses import dataclass, field

from sqlglot.tokens import TokenType

from dremio_engine.errors import InvalidStatement
from dremio_engine.paths import Path
from dremio_engine.sql.statements.reader import Reader

# How a GRANT names its object -> what it is; DATASET is whichever of both the path names.
OBJECT_WORDS = {
    "SYSTEM": "SYSTEM",
    "SOURCE": "SOURCE",
    "SPACE": "SPACE",
    "FOLDER": "FOLDER",
    "SCHEMA": "FOLDER",
    "TABLE": "TABLE",
    "PDS": "TABLE",
    "VIEW": "VIEW",
    "VDS": "VIEW",
    "DATASET": "DATASET",
}


@dataclass(frozen=True)
class GrantPrivileges:
    """GRANT or REVOKE of privileges on an object; `datasets_in`: on all that are in it now.

    `written` has the privileges as the statement writes them, for errors.
    """

    privileges: tuple[str, ...]
    object_word: str
    path: Path
    grantee_type: str
    grantee: str
    revoke: bool
    datasets_in: bool = False
    written: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class GrantRole:
    """GRANT or REVOKE ROLE to a user or role."""

    role: str
    grantee_type: str
    grantee: str
    revoke: bool


@dataclass(frozen=True)
class CreateRole:
    """CREATE ROLE."""

    name: str


@dataclass(frozen=True)
class DropRole:
    """DROP ROLE."""

    name: str


@dataclass(frozen=True)
class CreateUser:
    """CREATE USER: it cannot log in before it has a password."""

    name: str


@dataclass(frozen=True)
class DropUser:
    """DROP USER."""

    name: str


@dataclass(frozen=True)
class SetPassword:
    """ALTER USER .. SET PASSWORD '..' or UNSET PASSWORD."""

    name: str
    password: str | None


AccessCommand = GrantPrivileges | GrantRole | CreateRole | DropRole | CreateUser | DropUser | SetPassword


def parse_access(sql: str) -> AccessCommand:
    """Cut a whole statement. Raises InvalidStatement."""
    r = Reader(sql)
    command = _statement(r)
    if not r.done:
        raise InvalidStatement(f"PARSE ERROR: unexpected [{r.peek}]{r.position()}.")
    return command


def _statement(r: Reader) -> AccessCommand:
    for verb, preposition, revoke in (("GRANT", "TO", False), ("REVOKE", "FROM", True)):
        if r.accept(verb):
            if r.accept("ROLE"):
                role = r.name()
                r.expect(preposition)
                return GrantRole(role, *_grantee(r), revoke)
            return _privileges(r, preposition, revoke)
    for words, make in (
        (("CREATE", "ROLE"), CreateRole),
        (("DROP", "ROLE"), DropRole),
        (("CREATE", "USER"), CreateUser),
        (("DROP", "USER"), DropUser),
    ):
        if r.accept(*words):
            return make(r.name())
    r.expect("ALTER", "USER")
    name = r.name()
    if r.accept("UNSET", "PASSWORD"):
        return SetPassword(name, None)
    r.expect("SET", "PASSWORD")
    token = r.next()
    if token.token_type != TokenType.STRING:
        raise InvalidStatement("PARSE ERROR: the password must be a string.")
    return SetPassword(name, token.text)


def _privileges(r: Reader, preposition: str, revoke: bool) -> GrantPrivileges:
    written = [_privilege(r)]
    while r.accept(","):
        written.append(_privilege(r))
    r.expect("ON")
    every = r.accept("ALL", "DATASETS", "IN")
    word = r.peek.upper()
    if word not in OBJECT_WORDS:
        raise InvalidStatement(f"PARSE ERROR: [{r.peek}] is not a kind of object{r.position()}.")
    r.next()
    path = () if word == "SYSTEM" else r.path()
    r.expect(preposition)
    privileges = tuple(_normal(privilege) for privilege in written)
    return GrantPrivileges(privileges, word, path, *_grantee(r), revoke, every, tuple(written))


def _privilege(r: Reader) -> str:
    words: list[str] = []
    while not r.done and r.peek not in (",", "") and r.peek.upper() != "ON":
        words.append(r.next().text)
    return " ".join(words)


def _normal(privilege: str) -> str:
    name = privilege.upper().replace("_", " ")
    return "ALL" if name in ("ALL", "ALL PRIVILEGES") else name


def _grantee(r: Reader) -> tuple[str, str]:
    """(user or role, name)."""
    for word in ("USER", "ROLE"):
        if r.accept(word):
            return word.lower(), r.name()
    raise InvalidStatement(f"PARSE ERROR: expected USER or ROLE, found [{r.peek}]{r.position()}.")
