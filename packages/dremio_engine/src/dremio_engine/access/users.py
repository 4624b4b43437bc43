"""Users: who they are, and the passwords they log in with."""

import hashlib
import hmac
import re
import secrets
import sqlite3
import uuid
from dataclasses import dataclass

from dremio_engine.catalog.entities import now_text
from dremio_engine.errors import Conflict, EngineError, NotFound
from dremio_engine.state import StateFile


@dataclass(frozen=True)
class GuessCost:
    """scrypt's parameters: what one guess of a password costs.

    The defaults are OWASP's for interactive logins: 16 MiB of memory and some 40 ms.
    """

    n: int = 2**14
    r: int = 8
    p: int = 1


GUESS_COST = GuessCost()
# A user without a name in the table costs a guess as much time as one with.
NO_SALT = b"no such user...."

SCHEMA = """
create table if not exists user_profiles (
    name text primary key, name_key text not null unique, id text not null unique, first_name text not null,
    last_name text not null, email text not null, tag text not null, created_at text not null);
"""


@dataclass(frozen=True)
class User:
    """A user as the REST API and `sys.users` show it; `tag` changes with every change."""

    name: str
    id: str
    first_name: str
    last_name: str
    email: str
    tag: str
    created_at: str


class Users:
    """Passwords are kept as scrypt digests. A user without one cannot log in."""

    def __init__(self, state: StateFile, cost: GuessCost = GUESS_COST) -> None:
        self._state, self._cost = state, cost
        self._key = secrets.token_bytes(32)
        self._right_before: dict[str, bytes] = {}
        state.ensure(SCHEMA)
        for row in state.rows("select name from users where name not in (select name from user_profiles)"):
            self._add(row["name"], "", "", "")

    def all(self) -> list[User]:
        """Every user by name."""
        return [_user(row) for row in self._state.rows("select * from user_profiles order by name_key")]

    def by_name(self, name: str) -> User:
        """A user by its name, in any case. Raises NotFound."""
        row = self._state.row("select * from user_profiles where name_key = ?", name.lower())
        if row is None:
            raise NotFound(f"No user exists with name {name}")
        return _user(row)

    def by_id(self, user_id: str) -> User:
        """A user by its id. Raises NotFound."""
        row = self._state.row("select * from user_profiles where id = ?", user_id)
        if row is None:
            raise NotFound(f"No user exists with id {user_id}")
        return _user(row)

    def exists(self, name: str) -> bool:
        """Whether there is a user of this name, in any case."""
        return self._state.row("select 1 from user_profiles where name_key = ?", name.lower()) is not None

    def create(self, name: str, first_name: str = "", last_name: str = "", email: str = "") -> User:
        """A user that cannot log in yet. Raises Conflict when the name is taken in any case."""
        if not name or len(name) > 256 or any(ord(sign) < 32 or sign in '":@/' for sign in name):
            raise EngineError(f"[{name[:256]}] cannot be a user's name.")
        return self._add(name, first_name, last_name, email)

    def _add(self, name: str, first_name: str, last_name: str, email: str) -> User:
        try:
            self._state.write(
                "insert into user_profiles values (?, ?, ?, ?, ?, ?, ?, ?)", name, name.lower(),
                str(uuid.uuid4()), first_name, last_name, email, secrets.token_urlsafe(9), now_text(),
            )  # fmt: skip
        except sqlite3.IntegrityError as error:
            raise Conflict(f"User '{name}' already exists.") from error
        return self.by_name(name)

    def change(self, user: User, first_name: str, last_name: str, email: str, tag: str | None) -> User:
        """Other names and address. Raises Conflict when `tag` is not the newest."""
        if tag is not None and tag != user.tag:
            raise Conflict(f"Tag [{tag}] is not the newest of user [{user.name}].")
        self._state.write(
            "update user_profiles set first_name = ?, last_name = ?, email = ?, tag = ? where id = ?",
            first_name, last_name, email, secrets.token_urlsafe(9), user.id,
        )  # fmt: skip
        return self.by_id(user.id)

    def delete(self, user: User) -> None:
        """Forget a user, its password and its tokens."""
        with self._state.transaction():
            self._state.write("delete from user_profiles where id = ?", user.id)
            self._state.write("delete from users where name = ?", user.name)

    def set_password(self, user: User, password: str | None) -> None:
        """A new password, or no password at all; every earlier login ends."""
        with self._state.transaction():
            self._state.write("delete from users where name = ?", user.name)
            self._state.write("delete from tokens where user = ?", user.name)
            if password is not None:
                salt = secrets.token_bytes(16)
                self._state.write(
                    "insert into users values (?, ?, ?)", user.name, salt, self._digest(password, salt)
                )

    def _digest(self, password: str, salt: bytes) -> bytes:
        cost = self._cost
        return hashlib.scrypt(password.encode(), salt=salt, n=cost.n, r=cost.r, p=cost.p)

    def has_password(self, name: str, password: str) -> bool:
        """Whether this is the user's password: some 40 ms, for an unknown name too.

        A password that was right is known again at once, until it changes or this process ends: dbt logs in
        for every model, and several times. A guess costs what it always did.
        """
        row = self._state.row("select salt, digest from users where name = ?", name)
        if row is None:
            self._digest(password, NO_SALT)
            return False
        mark = hmac.digest(self._key, row["salt"] + row["digest"] + password.encode(), "sha256")
        if hmac.compare_digest(self._right_before.get(name, b""), mark):
            return True
        right = hmac.compare_digest(self._digest(password, row["salt"]), row["digest"])
        if right:
            self._right_before[name] = mark
        return right


def check_password(password: str) -> None:
    """Dremio's rule for local users. Raises EngineError."""
    if len(password) < 8 or not re.search(r"[0-9]", password) or not re.search(r"[A-Za-z]", password):
        raise EngineError(
            "Invalid password: must be at least 8 letters long, must contain at least one number and one"
            " letter"
        )


def _user(row: sqlite3.Row) -> User:
    return User(
        row["name"],
        row["id"],
        row["first_name"],
        row["last_name"],
        row["email"],
        row["tag"],
        row["created_at"],
    )
