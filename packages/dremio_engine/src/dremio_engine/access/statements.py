"""Access control of statements: what each needs, and what it changes of owners and grants.

A view is read with its owner's privileges, not its reader's (Dremio: view delegation), so each view's own
query is checked for the view's owner, and so on down.
"""

from dataclasses import replace

from sqlglot import exp

from dremio_engine.access.control import SYSTEM_SCHEMAS, AccessControl
from dremio_engine.access.privileges import ALTER, ALTER_REFLECTION, READ_METADATA, SELECT
from dremio_engine.access.roles import USER, Grantee
from dremio_engine.catalog.function_store import FunctionStore
from dremio_engine.catalog.inventory import Inventory
from dremio_engine.catalog.resolver import Resolver
from dremio_engine.paths import Path, dotted, in_context, is_same
from dremio_engine.sql.changes import merge_actions, target_of_change
from dremio_engine.sql.names import path_of
from dremio_engine.sql.parsed import parsed
from dremio_engine.sql.readings import Reading
from dremio_engine.sql.statement import Statement
from dremio_engine.sql.statements import commands as c
from dremio_engine.sql.statements import function_commands as f
from dremio_engine.sql.statements.load_commands import CopyInto
from dremio_engine.sql.translate import Relation, Translator, nothing_learned

Reads = list[tuple[Path, Relation]]


class StatementAccess:
    """The first and the last step of every statement: `authorize` before it, `record` once it is done."""

    def __init__(
        self, control: AccessControl, inventory: Inventory, resolver: Resolver, functions: FunctionStore
    ) -> None:
        self._functions = functions
        self._control, self._inventory, self._resolver = control, inventory, resolver

    def authorize(self, statement: Statement) -> None:
        """Raises Forbidden, naming the object."""
        user, context = statement.user, statement.context
        if self._control.is_admin(user):
            return
        match statement.command:
            case c.Query() | c.Explain():
                self._check_query(statement)
            case c.Change(verb):
                self._check_change(verb, statement)
            case c.CreateTable() as command:
                self._check_new_table(command, statement)
            case c.CreateView(path):
                full = in_context(path, context)
                exists = self._inventory.store.by_path(full) is not None
                self._control.check(user, full if exists else full[:-1], ALTER)
                self._check_query(statement)
            case c.CreateFolder(path, _):
                self._control.check(user, path[:-1], ALTER)
            case c.Drop(kind, path, _):
                full = self._inventory.located(path, context)
                self._control.check(user, full, *(("DROP",) if kind == "table" else ("DROP", ALTER)))
            case c.Truncate(path, _):
                self._control.check(user, self._inventory.located(path, context), "TRUNCATE")
            case c.CreateReflection(path) | c.DropReflection(path) | c.RefreshReflections(path):
                self._control.check(user, self._inventory.located(path, context), ALTER_REFLECTION)
            case CopyInto(path=path, location=location):
                self._control.check(user, self._inventory.located(path, context), "INSERT")
                self._control.check(user, (location.lstrip("@").partition("/")[0],), SELECT)
            case c.ShowCreate(path=path):
                self._control.check(user, self._inventory.located(path, context), SELECT)
            case f.CreateFunction(path=path) | f.DropFunction(path=path):
                self._check_function(path, context, user)
            case f.ShowFunctions() | f.DescribeFunction():
                return
            case c.SessionOption(scope):
                if scope != "SESSION":
                    raise self._control.denied("Only an administrator may change options of the system.")
            case c.Describe(path) | c.ShowProperties(path):
                self._control.check(user, self._inventory.located(path, context), SELECT, READ_METADATA)
            case c.Show() | c.AccessStatement():
                # SHOW lists what the catalog shows this user; access has checks of its own.
                return
            case command:
                self._control.check(user, self._inventory.located(command.path, context), ALTER)

    def _check_function(self, path: Path, context: Path, user: str) -> None:
        """A function is its maker's; a new one in a space needs what a view there needs."""
        stored = self._functions.named(path, context)
        if stored is not None and stored.owner != user:
            raise self._control.denied(f"Only the owner of function [{dotted(path)}] may change it.")
        full = in_context(path, context)
        if stored is None and len(full) > 1:
            self._control.check(user, full[:-1], ALTER)

    def record(self, statement: Statement) -> None:
        """A new object belongs to who made it; what was granted on a dropped one is forgotten."""
        match statement.command:
            case c.CreateTable(path=path) | c.CreateView(path=path):
                self._control.own(in_context(path, statement.context), statement.user)
            case c.CreateFolder(path=path):
                self._control.own(path, statement.user)
            case c.Drop(path=path):
                full = in_context(path, statement.context)
                if self._inventory.store.by_path(full) is None and not self._inventory.lake_table(full):
                    self._control.grants.forget(full)
            case _:
                return

    # -- reading -------------------------------------------------------------------------------------

    def _check_query(self, statement: Statement) -> None:
        reads = self._reads(statement.query.tree(), statement.context, statement.user)
        self._check_reads(reads, statement.user, self._control.principal(USER, statement.user), set())

    def _check_reads(
        self, reads: Reads, user: str, who: frozenset[Grantee], seen: set[tuple[Path, str]]
    ) -> None:
        for path, relation in reads:
            if path[0].lower() in SYSTEM_SCHEMAS:
                continue
            if not self._control.allowed(who, path, SELECT):
                raise self._control.denied(f"Access denied reading dataset [{dotted(path)}].")
            if relation.view:
                kind, owner = self._control.owner(path)
                if (path, owner) not in seen:
                    seen.add((path, owner))
                    inner = self._reads(parsed(relation.sql).tree(), relation.context, user)
                    self._check_reads(inner, user, self._control.principal(kind, owner), seen)

    def _reads(self, tree: exp.Expr, context: Path, user: str, is_query: bool = True) -> Reads:
        """What a query names itself: views are not looked into."""
        found: Reads = []

        def resolve(path: Path, context: Path, reading: Reading | None = None) -> Relation:
            full, relation = self._resolver.located(path, context, reading)
            found.append((full, relation))
            return replace(relation, view=False)

        translator = Translator(resolve, user, learn=nothing_learned, function=self._resolver.function)
        translator.translation(tree, context, expect_query=is_query)
        return found

    # -- writing -------------------------------------------------------------------------------------

    def _check_change(self, verb: str, statement: Statement) -> None:
        tree, context, user = statement.query.tree(), statement.context, statement.user
        node = target_of_change(tree)
        if node is None:
            # The statement is refused when it runs; nothing is read before.
            return
        target = self._inventory.located(path_of(node), context)
        for privilege in merge_actions(tree) if verb == "MERGE" else [verb]:
            self._control.check(user, target, privilege)
        # A translator resolves a name once, however often it stands there: writing and reading look alike.
        reads_itself = any(
            is_same(self._inventory.located(path_of(table), context), target)
            for table in tree.find_all(exp.Table)
            if table is not node
        )
        reads = self._reads(tree, context, user, is_query=False)
        if verb == "INSERT" and not reads_itself:
            # The target stands among what is named, to be written only.
            own = next((i for i, (path, _) in enumerate(reads) if is_same(path, target)), None)
            if own is not None:
                del reads[own]
        self._check_reads(reads, user, self._control.principal(USER, user), set())

    def _check_new_table(self, command: c.CreateTable, statement: Statement) -> None:
        full = in_context(command.path, statement.context)
        self._control.check(statement.user, full[:-1], "CREATE TABLE")
        if command.query:
            self._check_query(statement)
