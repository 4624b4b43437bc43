"""Users, tokens, roles, grants and their statements, without an engine."""

import itertools
import time
from pathlib import Path

import pytest

from dremio_engine.access import throttle
from dremio_engine.access.control import AccessControl
from dremio_engine.access.grants import Grant
from dremio_engine.access.identity import Identity
from dremio_engine.access.privileges import BY_OBJECT, expand
from dremio_engine.access.roles import USER
from dremio_engine.access.users import GUESS_COST, GuessCost, Users
from dremio_engine.errors import Conflict, EngineError, Forbidden, InvalidStatement, TooMany, Unauthorized
from dremio_engine.sql.statements.grants import (
    CreateRole,
    CreateUser,
    DropRole,
    GrantPrivileges,
    GrantRole,
    SetPassword,
    parse_access,
)
from dremio_engine.state import StateFile

FIRST = "lakehouse"
# These tests are about who may enter, not about what a guess costs.
CHEAP = GuessCost(n=2, r=1, p=1)


@pytest.fixture
def state(tmp_path: Path) -> StateFile:
    return StateFile(tmp_path / "state.sqlite")


@pytest.fixture
def control(state: StateFile) -> AccessControl:
    return AccessControl(state, True, FIRST)


@pytest.fixture
def identity(state: StateFile) -> Identity:
    identity = Identity(state, 60, CHEAP)
    identity.ensure_user(FIRST, "secret")
    return identity


# -- statements --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "command"),
    [
        (
            "GRANT SELECT, ALTER REFLECTION ON TABLE a.\"b c\" TO USER \"x@y.z\"",
            GrantPrivileges(("SELECT", "ALTER REFLECTION"), "TABLE", ("a", "b c"), "user", "x@y.z", False),
        ),
        (
            "revoke all privileges on all datasets in folder s.f from role r;",
            GrantPrivileges(("ALL",), "FOLDER", ("s", "f"), "role", "r", True, True),
        ),
        ("grant create_role on system to role r",
         GrantPrivileges(("CREATE ROLE",), "SYSTEM", (), "role", "r", False)),
        ("grant role a to role b", GrantRole("a", "role", "b", False)),
        ("revoke role a /* of */ from user \"b\"", GrantRole("a", "user", "b", True)),
        ("create role \"a b\"", CreateRole("a b")),
        ("drop role a", DropRole("a")),
        ("create user bob", CreateUser("bob")),
        ("alter user bob set password 'p''w'", SetPassword("bob", "p'w")),
        ("alter user bob unset password", SetPassword("bob", None)),
    ],
)  # fmt: skip
def test_statements_about_access_become_commands(sql: str, command: object) -> None:
    assert parse_access(sql) == command


@pytest.mark.parametrize(
    "sql",
    [
        "grant", "grant select", "grant select on", "grant select on table", "grant select on table a.b",
        "grant select on table a.b to", "grant select on table a.b to x", "grant select on a.b to user x",
        "grant select on table a.b from user x", "grant select on table a.b to user x with grant option",
        "create role", "alter user bob set password secret", "alter user bob", "grant role to user x",
    ],
)  # fmt: skip
def test_broken_statements_about_access_are_parse_errors(sql: str) -> None:
    with pytest.raises(InvalidStatement, match="PARSE ERROR"):
        parse_access(sql)


def test_all_is_everything_an_object_can_have_but_handing_it_on() -> None:
    for object_type, possible in BY_OBJECT.items():
        assert set(expand(("ALL",), object_type)) == possible - {"MANAGE GRANTS", "OWNERSHIP"}
    with pytest.raises(InvalidStatement, match="cannot be granted on a VIEW"):
        expand(("SELECT", "INSERT"), "VIEW")


@pytest.mark.parametrize("written", ["fake_privilege", "Fake Privilege", "fly"])
def test_a_privilege_that_is_none_is_named_as_it_was_written(written: str) -> None:
    command = parse_access(f"grant select, {written} on table a.b to user bob")
    assert isinstance(command, GrantPrivileges)
    with pytest.raises(InvalidStatement, match=f'Encountered "{written}"'):
        expand(command.privileges, "TABLE", command.written)


# -- grants ------------------------------------------------------------------------------------------


def test_privileges_count_down_the_path_and_nowhere_else(control: AccessControl) -> None:
    control.grants.add(Grant(("s", "f"), "FOLDER", "user", "Bob", "SELECT"))
    control.check("bob", ("S", "F", "t"), "SELECT")
    control.check("bob", ("s", "f"), "ALTER", "SELECT")
    for path in (("s",), ("s", "ff", "t"), ("s", "f2"), ()):
        with pytest.raises(Forbidden, match="needs SELECT"):
            control.check("bob", path, "SELECT")
    with pytest.raises(Forbidden):
        control.check("bob", ("s", "f", "t"), "INSERT")
    with pytest.raises(Forbidden):
        control.check("eve", ("s", "f", "t"), "SELECT")


def test_ownership_is_of_the_object_alone(control: AccessControl) -> None:
    control.own(("s", "t"), "bob")
    control.check("bob", ("s", "t"), "DROP")
    with pytest.raises(Forbidden):
        control.check("bob", ("s", "t", "x"), "DROP")
    control.own(("s", "t"), "eve")
    assert control.owner(("s", "t")) == ("user", "bob"), "the first owner stays"
    assert control.owner(("s", "other")) == ("user", FIRST)


def test_a_dropped_object_takes_its_grants_with_it_and_its_siblings_keep_theirs(
    control: AccessControl,
) -> None:
    for path in (("s", "a"), ("s", "a", "x"), ("s", "ab")):
        control.grants.add(Grant(path, "TABLE", "user", "bob", "SELECT"))
        control.grants.set_owner(path, USER, "bob")
    control.grants.forget(("S", "A"))
    assert [grant.path for grant in control.grants.all()] == [("s", "ab")]
    assert control.grants.owner(("s", "a", "x")) is None


def test_the_way_to_something_visible_is_visible(control: AccessControl) -> None:
    control.grants.add(Grant(("s", "f", "t"), "TABLE", "user", "bob", "SELECT"))
    seen = [
        path
        for path in (("s",), ("s", "f"), ("s", "f", "t"), ("s", "g"), ("x",))
        if control.sees("bob", path)
    ]
    assert seen == [("s",), ("s", "f"), ("s", "f", "t")]
    assert control.sees("eve", ("INFORMATION_SCHEMA", "TABLES"))


def test_roles_are_followed_and_may_not_hold_each_other(control: AccessControl) -> None:
    for name in ("a", "b", "c"):
        control.roles.create(name, FIRST)
    control.roles.add_member("b", "role", "a")
    control.roles.add_member("c", "role", "b")
    control.roles.add_member("a", "user", "bob")
    assert {role.name for role in control.roles.of_user("BOB")} == {"a", "b", "c", "PUBLIC"}
    for role, member in (("a", "c"), ("a", "b"), ("a", "a")):
        with pytest.raises(EngineError, match="cannot be in it too"):
            control.roles.add_member(role, "role", member)
    control.roles.drop("b")
    assert {role.name for role in control.roles.of_user("bob")} == {"a", "PUBLIC"}
    with pytest.raises(Conflict):
        control.roles.create("A", FIRST)


def test_community_edition_asks_nobody(state: StateFile) -> None:
    control = AccessControl(state, False, FIRST)
    control.check("anybody", ("s",), "DROP")
    assert control.is_admin("anybody")
    assert control.sees("anybody", ("s",))


# -- identity ----------------------------------------------------------------------------------------


def test_a_token_ends_with_its_time_its_logout_and_its_password(
    state: StateFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = Identity(state, 1, CHEAP)
    short.ensure_user(FIRST, "secret")
    token, expires_at = short.login(FIRST, "secret")
    assert short.user_of(token) == FIRST
    with monkeypatch.context() as later:
        later.setattr(time, "time", lambda: expires_at + 0.05)
        with pytest.raises(Unauthorized, match="expired"):
            short.user_of(token)
    identity = Identity(state, 60, CHEAP)
    tokens = [identity.login(FIRST, "secret")[0] for _ in range(2)]
    identity.tokens.end(tokens[0])
    with pytest.raises(Unauthorized):
        identity.user_of(tokens[0])
    identity.ensure_user(FIRST, "changed")
    with pytest.raises(Unauthorized):
        identity.user_of(tokens[1])


def test_personal_tokens_are_listed_without_the_token_and_end_alone(identity: Identity) -> None:
    token = identity.tokens.create(FIRST, "mine", 60_000)
    (shown,) = identity.tokens.of_user(FIRST)
    assert token not in str(shown)
    assert identity.user_of(token) == FIRST
    assert identity.tokens.of_user("other") == []
    identity.tokens.delete(FIRST, shown.id)
    with pytest.raises(Unauthorized):
        identity.user_of(token)
    for wrong in (0, -1, 181 * 86_400_000):
        with pytest.raises(EngineError, match="millisecondsToExpire"):
            identity.tokens.create(FIRST, "", wrong)


def test_neither_passwords_nor_tokens_are_in_the_state_file(identity: Identity, tmp_path: Path) -> None:
    secrets = [identity.login(FIRST, "secret")[0], identity.tokens.create(FIRST, "", 1000), "secret"]
    identity.users.set_password(identity.users.create("bob"), "b0b-secret-word")
    for file in tmp_path.glob("state.sqlite*"):
        content = file.read_bytes()
        assert not [s for s in [*secrets, "b0b-secret-word"] if s.encode() in content]


def test_a_user_without_a_password_cannot_log_in(identity: Identity) -> None:
    identity.users.create("bob")
    for password in ("", "x"):
        with pytest.raises(Unauthorized):
            identity.login("bob", password)
    with pytest.raises(Conflict):
        identity.users.create("BOB")


def test_guesses_wait_longer_and_longer_and_nobody_else_does(
    identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(throttle.time, "monotonic", lambda: now[0])
    for number in range(throttle.FREE_FAILURES):
        with pytest.raises(Unauthorized):
            identity.login(FIRST, f"guess {number}", "1.2.3.4")
    with pytest.raises(TooMany):
        identity.login(FIRST, "another guess", "1.2.3.4")
    identity.login(FIRST, "secret", "1.2.3.4")
    for number in range(throttle.FREE_FAILURES):
        with pytest.raises(Unauthorized):
            identity.login(FIRST, f"guess {number}", "1.2.3.4")
    guesses = itertools.count()
    waits = []
    for _ in range(8):
        before = now[0]
        while True:
            now[0] += 0.5
            try:
                identity.login(FIRST, f"later guess {next(guesses)}", "1.2.3.4")
            except TooMany:
                continue
            except Unauthorized:
                break
        waits.append(now[0] - before)
    assert waits == sorted(waits)
    assert waits[-1] <= throttle.LONGEST_WAIT_SECONDS + 0.5
    now[0] += throttle.LONGEST_WAIT_SECONDS
    identity.login(FIRST, "secret", "1.2.3.4")
    with pytest.raises(Unauthorized):
        identity.login(FIRST, "wrong", "1.2.3.4")


def test_a_client_with_an_old_password_guesses_nothing_and_shuts_nobody_out(identity: Identity) -> None:
    """Superset with the password of yesterday made the engine refuse the right one for a minute."""
    for _ in range(4 * throttle.FREE_FAILURES):
        with pytest.raises(Unauthorized):
            identity.login(FIRST, "of yesterday", "")
    identity.users.create("bob")
    identity.users.set_password(identity.users.by_name("bob"), "never used before")
    identity.login("bob", "never used before", "")
    identity.login(FIRST, "secret", "")


def test_a_right_password_that_was_never_used_waits_with_the_guesses(identity: Identity) -> None:
    identity.users.create("bob")
    identity.users.set_password(identity.users.by_name("bob"), "never used before")
    for number in range(throttle.FREE_FAILURES):
        with pytest.raises(Unauthorized):
            identity.login("bob", f"guess {number}", "")
    with pytest.raises(TooMany):
        identity.login("bob", "never used before", "")


def test_a_password_that_was_right_is_known_again_until_it_changes(
    identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    guesses: list[str] = []
    digest = Users._digest

    def counted(users: Users, password: str, salt: bytes) -> bytes:
        guesses.append(password)
        return digest(users, password, salt)

    users = identity.users
    users.set_password(users.create("bob"), "first password 1")
    monkeypatch.setattr(Users, "_digest", counted)
    for _ in range(3):
        assert users.has_password("bob", "first password 1")
    assert guesses == ["first password 1"]
    assert not users.has_password("bob", "a guess")
    assert not users.has_password("bob", "a guess")
    assert not users.has_password("nobody", "first password 1")
    assert guesses[1:] == ["a guess", "a guess", "first password 1"], "a guess always costs its time"
    users.set_password(users.by_name("bob"), "second password 2")
    assert not users.has_password("bob", "first password 1")
    assert users.has_password("bob", "second password 2")
    users.delete(users.by_name("bob"))
    assert not users.has_password("bob", "second password 2")


def test_a_guess_costs_what_owasp_asks_for_unless_a_test_says_otherwise(state: StateFile) -> None:
    assert GuessCost(n=2**14, r=8, p=1) == GUESS_COST
    assert Identity(state, 60).users._cost == GUESS_COST
