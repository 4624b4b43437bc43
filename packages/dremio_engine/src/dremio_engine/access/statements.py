"""Access control of statements: what each needs, and what it changes of owners and grants.

A view is read with its owner's privileges, not its reader's (Dremio: view delegation), so each view's own
query is checked for the view's owner, and so on down.
"""

from dataclasses import replace
from typing import Any

from sqlglot import exp

from dremio_engine.access.control import SYSTEM_SCHEMAS, AccessControl
from dremio_engine.access.privileges import ALTER, ALTER_REFLECTION, READ_METADATA, SELECT
from dremio_engine.access.roles import USER, Grantee
from dremio_engine.catalog.catalog import Catalog
from dremio_engine.catalog.entities import Kind, Path, dotted
from dremio_engine.lake.tables import in_context
from dremio_engine.sql import commands as c
from dremio_engine.sql.dialect import parse
from dremio_engine.sql.translate import Relation, Translator

# A change -> what its target needs; a MERGE needs what its clauses do.
CHANGES = {"INSERT": "INSERT", "UPDATE": "UPDATE", "DELETE": "DELETE"}


class StatementAccess:
    """Hangs into the executor: `check` before a statement, `record` once it is done."""

    def __init__(self, control: AccessControl, catalog: Catalog) -> None:
        self._control, self._catalog = control, catalog

    def check(self, command: Any, context: Path, user: str) -> None:
        """Raises Forbidden, naming the object."""
        if self._control.is_admin(user):
            return
        match command:
            case c.Query(sql) | c.Explain(sql):
                self._check_query(sql, context, user)
            case c.Change(verb, sql):
                self._check_change(verb, sql, context, user)
            case c.CreateTable():
                self._check_new_table(command, context, user)
            case c.CreateView(path, query, _):
                full = in_context(path, context)
                exists = self._catalog.store.by_path(full) is not None
                self._control.check(user, full if exists else full[:-1], ALTER)
                self._check_query(query, context, user)
            case c.CreateFolder(path, _):
                self._control.check(user, path[:-1], ALTER)
            case c.Drop(kind, path, _):
                full = self._located(path, context)
                self._control.check(user, full, *(("DROP",) if kind == "table" else ("DROP", ALTER)))
            case c.Truncate(path, _):
                self._control.check(user, self._located(path, context), "TRUNCATE")
            case c.CreateReflection() | c.DropReflection() | c.RefreshReflections():
                self._control.check(user, self._located(command.path, context), ALTER_REFLECTION)
            case c.Describe(path):
                self._control.check(user, self._located(path, context), SELECT, READ_METADATA)
            case c.Show() | c.AccessStatement():
                # SHOW lists what the catalogue shows this user; access has checks of its own.
                return
            case _ if getattr(command, "path", None):
                self._control.check(user, self._located(command.path, context), ALTER)
            case _:
                self._control.check_admin(user, f"run {type(command).__name__}")

    def record(self, command: Any, context: Path, user: str) -> None:
        """A new object belongs to who made it; what was granted on a dropped one is forgotten."""
        match command:
            case c.CreateTable(path=path) | c.CreateView(path=path):
                self._control.own(in_context(path, context), user)
            case c.CreateFolder(path=path):
                self._control.own(path, user)
            case c.Drop(path=path):
                full = in_context(path, context)
                if self._catalog.store.by_path(full) is None and not self._catalog.lake_table(full):
                    self._control.grants.forget(full)
            case _:
                return

    # -- reading -------------------------------------------------------------------------------------

    def _check_query(self, sql: str, context: Path, user: str) -> None:
        self._check_reads(self._reads(sql, context, user), user, self._control.principal(USER, user), set())

    def _check_reads(
        self,
        reads: list[tuple[Path, Relation]],
        user: str,
        who: frozenset[Grantee],
        seen: set[tuple[Path, str]],
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
                    inner = self._reads(relation.sql, relation.context, user)
                    self._check_reads(inner, user, self._control.principal(kind, owner), seen)

    def _reads(self, sql: str, context: Path, user: str) -> list[tuple[Path, Relation]]:
        """What a query names itself: views are not looked into."""
        found: list[tuple[Path, Relation]] = []
        Translator(self._noting(found), user).query(sql, tuple(context))
        return found

    def _noting(self, found: list[tuple[Path, Relation]]) -> Any:
        def resolve(path: Path, context: Path, *version: Any) -> Relation:
            full, relation = self._catalog.located(path, context, *version)
            found.append((full, relation))
            return replace(relation, view=False)

        return resolve

    # -- writing -------------------------------------------------------------------------------------

    def _check_change(self, verb: str, sql: str, context: Path, user: str) -> None:
        tree = parse(sql)
        node = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        if not isinstance(node, exp.Table):
            # The statement is refused when it runs; nothing is read before.
            return
        target = self._located(tuple(part.name for part in node.parts), context)
        for privilege in _merge_privileges(tree) if verb == "MERGE" else [CHANGES[verb]]:
            self._control.check(user, target, privilege)
        # A translator resolves a name once, however often it stands there: writing and reading look alike.
        reads_itself = any(
            _same(self._located(tuple(part.name for part in table.parts), context), target)
            for table in tree.find_all(exp.Table)
            if table is not node
        )
        found: list[tuple[Path, Relation]] = []
        Translator(self._noting(found), user).tree(tree, tuple(context), expect_query=False)
        if verb == "INSERT" and not reads_itself:
            # The target stands among what is named, to be written only.
            own = next((i for i, (path, _) in enumerate(found) if _same(path, target)), None)
            if own is not None:
                del found[own]
        self._check_reads(found, user, self._control.principal(USER, user), set())

    def _check_new_table(self, command: c.CreateTable, context: Path, user: str) -> None:
        full = in_context(command.path, context)
        self._control.check(user, full[:-1], "CREATE TABLE")
        if command.replace and self._catalog.lake_table(full):
            self._control.check(user, full, "DROP")
        if command.query:
            self._check_query(command.query, context, user)

    def _located(self, path: Path, context: Path) -> Path:
        flat = tuple(piece for part in path for piece in part.split("."))
        for candidate in dict.fromkeys([(*context, *path), path, flat]):
            entity = self._catalog.store.by_path(candidate)
            if self._catalog.lake_table(candidate) or (entity and entity.kind is not Kind.FOLDER):
                return tuple(candidate)
        return in_context(path, context)


def _merge_privileges(tree: exp.Expr) -> list[str]:
    needed = set()
    for when in tree.find_all(exp.When):
        then = when.args.get("then")
        needed.add(
            "INSERT"
            if isinstance(then, exp.Insert)
            else "UPDATE"
            if isinstance(then, exp.Update)
            else "DELETE"
        )
    return sorted(needed)


def _same(one: Path, other: Path) -> bool:
    return tuple(p.lower() for p in one) == tuple(p.lower() for p in other)
