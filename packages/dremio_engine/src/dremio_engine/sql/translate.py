"""From a parsed Dremio query to DuckDB SQL: relations and their names; `expressions.py` does the rest."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
from sqlglot import exp

from dremio_engine.errors import EngineError, InvalidStatement, Unsupported
from dremio_engine.paths import Path
from dremio_engine.sql import flatten, json_columns, pivot, unnest
from dremio_engine.sql.allowlist import refuse
from dremio_engine.sql.assignments import cast_assigned
from dremio_engine.sql.averages import spell_out_averages
from dremio_engine.sql.changes import target_of_change
from dremio_engine.sql.column_names import name_expressions, name_values
from dremio_engine.sql.data_types.inference import Columns, Types
from dremio_engine.sql.data_types.types import duckdb_type
from dremio_engine.sql.dialect import OutputDialect
from dremio_engine.sql.expressions import Expressions
from dremio_engine.sql.folder_dates import Folders, precompute
from dremio_engine.sql.names import is_cte, path_of
from dremio_engine.sql.overloads import resolve_over_aggregates
from dremio_engine.sql.parsed import parse
from dremio_engine.sql.readings import Metadata, Reading, metadata_call, reading_of
from dremio_engine.sql.user_functions import CONTEXT, Find, expand_calls

MAX_VIEW_DEPTH = 32

Call = tuple[tuple[str, ...], Metadata]


@dataclass(frozen=True)
class Relation:
    """What a path names, as the translator needs it: DuckDB SQL, or a view's own Dremio SQL."""

    sql: str
    view: bool = False
    context: tuple[str, ...] = ()
    registered: tuple[str, pa.Table] | None = None
    folders: Folders = field(default_factory=dict)
    # Its columns and their DuckDB types, asked for only where a query's meaning hangs on them.
    columns: Callable[[], Mapping[str, str]] | None = None


# resolve(path, context) or, when the query asks for an older version, resolve(path, context, reading).
Resolver = Callable[..., Relation]


@dataclass
class Translation:
    """DuckDB SQL and what must be registered on the cursor before it runs."""

    sql: str
    registered: dict[str, pa.Table] = field(default_factory=dict)
    datasets: set[tuple[str, ...]] = field(default_factory=set)


def nothing_learned(values: Translation) -> str | None:
    """For who only asks what a query names: its result does not matter."""
    return None


class Translator:
    """`resolve(path, context)` gives the relation behind a name; it raises when there is none.

    `learn` runs a query with one column of JSON and describes its shape; without it such columns are refused.
    `function(path, context)` gives the user's function behind a name.
    """

    def __init__(
        self,
        resolve: Resolver,
        user: str = "",
        member_of: Callable[[str], bool] | None = None,
        learn: Callable[[Translation], str | None] | None = None,
        function: Find | None = None,
    ) -> None:
        self._resolve = resolve
        self._user = user
        self._member_of = member_of or (lambda role: False)
        self._learn, self._function = learn, function
        self._nonce = f"relation_{secrets.token_hex(8)}"
        self._relations: dict[str, str] = {}
        self._resolved: dict[tuple[object, ...], Relation] = {}
        self._registered: dict[str, pa.Table] = {}
        self._datasets: set[tuple[str, ...]] = set()

    def query(self, sql: str, context: tuple[str, ...]) -> Translation:
        """Translate one query. Raises InvalidStatement or Unsupported."""
        return self.translation(parse(sql), context)

    def translation(self, tree: exp.Expr, context: tuple[str, ...], expect_query: bool = True) -> Translation:
        """Translate a tree, which is changed by it. Raises InvalidStatement or Unsupported."""
        return self.finished(self.tree(tree, context, expect_query=expect_query))

    def finished(self, tree: exp.Expr) -> Translation:
        """The text of a translated tree, with what its names brought along."""
        text = tree.sql(dialect=OutputDialect, identify=True, comments=False)
        for mark, sql in self._relations.items():
            text = text.replace(f'"{mark}"', sql)
        return Translation(text, dict(self._registered), set(self._datasets))

    def tree(
        self, tree: exp.Expr, context: tuple[str, ...], depth: int = 0, expect_query: bool = True
    ) -> exp.Expr:
        """Translate a tree in place and give it back (its root may be another one)."""
        if expect_query and not isinstance(tree, exp.Query | exp.Values):
            raise Unsupported(f"PARSE ERROR: [{tree.key.upper()}] is not a query.")
        if (find := self._function) is not None:
            expand_calls(tree, lambda path: find(path, context))
        if self._learn is not None:
            json_columns.learn_shapes(tree, lambda values: self._shape_of(values, context))
        pivot.as_subqueries(tree)
        refuse(tree)
        tree = name_values(tree)
        tables = list(tree.find_all(exp.Table))
        # Taken out first: a table function is not one of the functions that the table of functions knows.
        calls = {id(table): call for table in tables if (call := metadata_call(table))}
        for table in tables:
            if id(table) in calls:
                table.set("this", exp.to_identifier(".".join(calls[id(table)][0]), quoted=True))
        for select in tree.find_all(exp.Select):
            select.set("hint", None)  # about reflections, which have looked at it by now
        spell_out_averages(tree)
        flatten.spread(tree)
        unnest.as_subqueries(tree)
        types = self.types(context, depth, calls)
        target = target_of_change(tree)
        columns = types.columns_of(target) if target is not None else None
        if columns and cast_assigned(tree, types, columns):
            types = self.types(context, depth, calls)
        expressions = Expressions(tree, types, self._user, ".".join(context), self._member_of)
        # Tables before expressions: a function that needs an argument twice copies what is in it, and a
        # copy of a name that has not been resolved would reach DuckDB.
        for table in tables:
            self._table(table, context, depth, calls.get(id(table)))
        tree = expressions.translated()
        resolve_over_aggregates(tree)
        name_expressions(tree)
        return tree

    def _shape_of(self, values: exp.Select, context: tuple[str, ...]) -> str | None:
        """What is learned from the answer to another query, translated for itself."""
        if self._learn is None:
            return None
        other = Translator(self._resolve, self._user, self._member_of, self._learn, self._function)
        return self._learn(other.translation(values, context))

    def types(self, context: Path, depth: int = 0, calls: Mapping[int, Call] | None = None) -> Types:
        """What is known of the types in a tree; `calls` are those of its tables that are functions, by id."""
        return Types(lambda table: self._columns(table, context, depth, (calls or {}).get(id(table))))

    def _table(self, table: exp.Table, context: tuple[str, ...], depth: int, call: Call | None) -> None:
        if not table.name:
            raise Unsupported(f"[{table.sql(dialect='dremio')}] is not supported by the embedded engine.")
        for option in ("when", "changes", "sample", "ordinality", "only"):
            if table.args.get(option):
                raise Unsupported(
                    f"[{table.args[option].sql(dialect='dremio')}] is not supported by the engine."
                )
        path, reading = call or (path_of(table), reading_of(table))
        context = table.meta.get(CONTEXT, context)
        if reading is None and len(path) == 1 and is_cte(table, path[0]):
            return
        relation = self._relation(path, context, depth, reading)
        self._datasets.add(path)
        alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(path[-1], quoted=True))
        if relation.registered:
            name, rows = relation.registered
            self._registered[name] = rows
        if relation.view:
            inner = self.tree(parse(relation.sql), relation.context, depth + 1)
            body: exp.Expr = exp.Subquery(this=inner, alias=alias)
        else:
            precompute(table, relation.folders, self._mark)
            body = exp.Table(this=exp.to_identifier(self._mark(relation.sql), quoted=True), alias=alias)
        for extra in ("joins", "laterals"):
            if table.args.get(extra):
                body.set(extra, table.args[extra])
        table.replace(body)

    def _relation(
        self, path: tuple[str, ...], context: tuple[str, ...], depth: int, reading: Reading | None
    ) -> Relation:
        """What a name stands for; within one query the same each time."""
        if depth > MAX_VIEW_DEPTH:
            raise InvalidStatement(f"Views are nested more than {MAX_VIEW_DEPTH} deep at [{'.'.join(path)}].")
        key = (path, context, reading)
        if key not in self._resolved:
            self._resolved[key] = self._resolve(path, context, *([reading] if reading else []))
        return self._resolved[key]

    def _columns(
        self, table: exp.Table, context: tuple[str, ...], depth: int, call: Call | None
    ) -> Columns | None:
        """The columns of a dataset and their types, as far as they are known."""
        path, reading = call or (path_of(table), reading_of(table))
        context = table.meta.get(CONTEXT, context)
        try:
            relation = self._relation(path, context, depth, reading)
        except EngineError:
            # Said where the table is put in place.
            return None
        if relation.registered:
            return {f.name.lower(): duckdb_type(f.type) for f in relation.registered[1].schema}
        if relation.view:
            inner = Types(lambda t: self._columns(t, relation.context, depth + 1, metadata_call(t)))
            outputs = inner.outputs(parse(relation.sql))
            return None if outputs is None else {name.lower(): kind or "" for name, kind in outputs}
        if relation.columns is None:
            return None
        return {name.lower(): kind for name, kind in relation.columns().items()}

    def _mark(self, text: str) -> str:
        """A name for text the engine wrote, put in after generation; it cannot be guessed."""
        mark = f"{self._nonce}_{len(self._relations)}"
        self._relations[mark] = text
        return mark
