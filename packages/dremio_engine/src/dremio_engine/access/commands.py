"""Runs the statements about access, and says what each did."""

from dremio_engine.access.accounts import Accounts
from dremio_engine.access.control import AccessControl
from dremio_engine.access.grants import Grant
from dremio_engine.access.privileges import MANAGE_GRANTS, OWNERSHIP, expand
from dremio_engine.access.roles import ROLE, USER
from dremio_engine.access.users import Users, check_password
from dremio_engine.catalog.entities import Kind
from dremio_engine.catalog.inventory import Inventory
from dremio_engine.errors import InvalidStatement, NotFound, Unsupported
from dremio_engine.lake.cursors import Interruptible
from dremio_engine.lake.outcomes import Outcome, done
from dremio_engine.paths import Path, dotted
from dremio_engine.sql.statement import Statement
from dremio_engine.sql.statements import commands as c
from dremio_engine.sql.statements import grants as g
from dremio_engine.sql.statements.grants import OBJECT_WORDS
from dremio_engine.tables.handlers import Handlers

OBJECT_OF_KIND = {
    Kind.SOURCE: "SOURCE",
    Kind.SPACE: "SPACE",
    Kind.FOLDER: "FOLDER",
    Kind.VIEW: "VIEW",
    Kind.PROMOTED: "TABLE",
}


class AccessCommands:
    """In Community Edition every one is refused by its name."""

    def __init__(
        self, control: AccessControl, accounts: Accounts, users: Users, inventory: Inventory
    ) -> None:
        self._control, self._accounts, self._users = control, accounts, users
        self._inventory = inventory

    def handlers(self) -> Handlers:
        """The command that is run here."""
        return {c.AccessStatement: self.run}

    def run(self, command: c.AccessStatement, statement: Statement, stop: Interruptible) -> Outcome:
        """Run one statement. Raises EngineError."""
        return done(self._done(command, statement.user))

    def _done(self, statement: c.AccessStatement, user: str) -> str:
        if not self._control.enforced:
            raise Unsupported(f"{statement.action} action is only supported in Enterprise Edition.")
        match g.parse_access(statement.sql):
            case g.GrantPrivileges() as command:
                return self._privileges(command, user)
            case g.GrantRole(role, kind, name, revoke):
                self._control.check(user, (), "CREATE ROLE")
                if kind == USER:
                    name = self._users.by_name(name).name
                change = self._control.roles.remove_member if revoke else self._control.roles.add_member
                change(role, kind, name)
                return f"Role '{role}' {'revoked from' if revoke else 'granted to'} {kind} '{name}'"
            case g.CreateRole(name):
                self._control.check(user, (), "CREATE ROLE")
                self._control.roles.create(name, user)
                return f"Role '{name}' created"
            case g.DropRole(name):
                self._control.check(user, (), "CREATE ROLE")
                self._control.roles.drop(name)
                self._control.grants.forget_grantee(ROLE, name, user)
                return f"Role '{name}' dropped"
            case g.CreateUser(name):
                self._control.check(user, (), "CREATE USER")
                self._accounts.create(name)
                return f"User '{name}' created"
            case g.DropUser(name):
                self._control.check(user, (), "CREATE USER")
                self._accounts.delete(self._users.by_name(name), user)
                return f"User '{name}' dropped"
            case g.SetPassword(name, password):
                return self._set_password(name, password, user)

    def _set_password(self, name: str, password: str | None, by: str) -> str:
        if name.lower() != by.lower():
            self._control.check(by, (), "CREATE USER")
            if self._control.is_admin(name):
                self._control.check_admin(by, "change the password of an administrator")
        if password is not None:
            check_password(password)
        self._users.set_password(self._users.by_name(name), password)
        return f"Password of user '{name}' {'unset' if password is None else 'set'}"

    def _privileges(self, command: g.GrantPrivileges, user: str) -> str:
        grantee = self._grantee(command)
        targets = self._targets(command)
        for path, object_type in targets:
            self._control.check(user, path, MANAGE_GRANTS)
            for privilege in expand(command.privileges, object_type, command.written):
                if privilege == OWNERSHIP:
                    self._hand_over(path, command.grantee_type, grantee, command.revoke, user)
                    continue
                grant = Grant(path, object_type, command.grantee_type, grantee, privilege)
                if command.revoke:
                    self._control.grants.remove(grant)
                else:
                    self._control.grants.add(grant)
        words = ", ".join(command.privileges)
        verb, preposition = ("revoked", "from") if command.revoke else ("granted", "to")
        where = dotted(command.path) or "SYSTEM"
        return f"{words} {verb} on [{where}] {preposition} {command.grantee_type} '{grantee}'"

    def _hand_over(self, path: Path, kind: str, name: str, revoke: bool, user: str) -> None:
        if revoke:
            raise InvalidStatement("VALIDATION ERROR: OWNERSHIP cannot be revoked; grant it to another.")
        owner_kind, owner = self._control.owner(path)
        if (owner_kind, owner.lower()) not in self._control.principal(USER, user):
            self._control.check_admin(user, f"transfer the ownership of [{dotted(path)}]")
        self._control.grants.set_owner(path, kind, name)

    def _grantee(self, command: g.GrantPrivileges) -> str:
        failed = "Grant on catalog entity failed."
        if command.grantee_type == USER:
            try:
                return self._users.by_name(command.grantee).name
            except NotFound as error:
                message = f"{failed} User {command.grantee} does not exist. {error.message}."
                raise NotFound(message) from error
        for role in self._control.roles.all():
            if role.name.lower() == command.grantee.lower():
                return role.name
        raise NotFound(f"{failed} Role '{command.grantee}' does not exist.")

    def _targets(self, command: g.GrantPrivileges) -> list[tuple[Path, str]]:
        """(path, what it is) of every object the statement names."""
        if command.object_word == "SYSTEM":
            return [((), "SYSTEM")]
        path = tuple(piece for part in command.path for piece in part.split("."))
        found = self._object_at(path)
        if found is None:
            raise InvalidStatement(f"VALIDATION ERROR: [{dotted(path)}] does not exist.")
        if command.datasets_in:
            return self._datasets_in(path)
        wanted = OBJECT_WORDS[command.object_word]
        # A folder of a source is one to Dremio, and to dbt a promoted folder is a table.
        if wanted not in (found, "DATASET") and not (wanted == "FOLDER" and found in ("SOURCE", "SPACE")):
            raise InvalidStatement(f"VALIDATION ERROR: [{dotted(path)}] is not a {command.object_word}.")
        return [(path, found)]

    def _object_at(self, path: Path) -> str | None:
        if (entity := self._inventory.store.by_path(path)) is not None:
            return OBJECT_OF_KIND[entity.kind]
        if self._inventory.lake_table(path):
            return "TABLE"
        schemas = {table.schema.lower() for table in self._inventory.visible_tables()}
        folder = dotted(path).lower()
        return "FOLDER" if any(s == folder or s.startswith(folder + ".") for s in schemas) else None

    def _datasets_in(self, path: Path) -> list[tuple[Path, str]]:
        found: list[tuple[Path, str]] = [
            (entity.path, OBJECT_OF_KIND[entity.kind])
            for entity in self._inventory.store.below(path)
            if entity.kind in (Kind.VIEW, Kind.PROMOTED)
        ]
        prefix = dotted(path).lower()
        for table in self._inventory.visible_tables():
            schema = table.schema.lower()
            if schema == prefix or schema.startswith(prefix + "."):
                found.append(((*table.schema.split("."), table.name), "TABLE"))
        return found
