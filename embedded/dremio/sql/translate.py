"""From a parsed Dremio query to DuckDB SQL: names, functions, types and column names."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pyarrow as pa
from sqlglot import exp

from embedded.dremio.errors import InvalidStatement, Unsupported
from embedded.dremio.sql import functions
from embedded.dremio.sql.averages import spell_out_averages
from embedded.dremio.sql.dialect import parse
from embedded.dremio.sql.folder_dates import Folders, precompute
from embedded.dremio.sql.readings import Metadata, metadata_call, reading_of

MAX_VIEW_DEPTH = 32

# Typed nodes the parser makes of special syntax, plus operators that sqlglot counts as functions.
ALLOWED_NODES = (
    exp.Cast, exp.TryCast, exp.Extract, exp.StrPosition, exp.Substring, exp.Trim, exp.Ceil, exp.Floor,
    exp.Case, exp.If, exp.Exists, exp.And, exp.Or, exp.Array, exp.Anonymous, exp.CurrentDate,
    exp.CurrentTimestamp, exp.CurrentTime, exp.CurrentUser, exp.Any, exp.All,
)  # fmt: skip
REFUSED_NODES = (
    exp.Command, exp.Parameter, exp.SessionParameter, exp.Placeholder, exp.Into, exp.Lock, exp.Pivot,
    exp.Lambda, exp.Kwarg, exp.Use, exp.Pragma, exp.Copy, exp.Attach, exp.Detach,
)  # fmt: skip
SCALAR_TYPES = frozenset(
    [
        "BOOLEAN",
        "INT",
        "BIGINT",
        "SMALLINT",
        "TINYINT",
        "FLOAT",
        "DOUBLE",
        "DECIMAL",
        "VARCHAR",
        "TEXT",
        "CHAR",
        "NVARCHAR",
        "DATE",
        "TIME",
        "TIMESTAMP",
        "VARBINARY",
        "BINARY",
        "INTERVAL",
    ]
)


@dataclass(frozen=True)
class Relation:
    """What a path names, as the translator needs it: DuckDB SQL, or a view's own Dremio SQL."""

    sql: str
    view: bool = False
    context: tuple[str, ...] = ()
    registered: tuple[str, pa.Table] | None = None
    folders: Folders = field(default_factory=dict)


# resolve(path, context) or, when the query asks for an older version, resolve(path, context, reading).
Resolver = Callable[..., Relation]


@dataclass(frozen=True)
class Asked:
    """A query as its client sent it, for whoever has a faster way to answer it."""

    sql: str
    context: tuple[str, ...]
    user: str


@dataclass
class Translation:
    """DuckDB SQL and what must be registered on the cursor before it runs."""

    sql: str
    registered: dict[str, pa.Table] = field(default_factory=dict)
    datasets: set[tuple[str, ...]] = field(default_factory=set)
    asked: Asked | None = None


class Translator:
    """`resolve(path, context)` gives the relation behind a name; it raises when there is none."""

    def __init__(self, resolve: Resolver, user: str = "") -> None:
        self._resolve = resolve
        self._user = user
        self._nonce = f"relation_{secrets.token_hex(8)}"
        self._relations: dict[str, str] = {}
        self._registered: dict[str, pa.Table] = {}
        self._datasets: set[tuple[str, ...]] = set()

    def query(self, sql: str, context: tuple[str, ...]) -> Translation:
        """Translate one query. Raises InvalidStatement or Unsupported."""
        tree = self.tree(parse(sql), context)
        return replace(self.finished(tree), asked=Asked(sql, context, self._user))

    def finished(self, tree: exp.Expr) -> Translation:
        """The text of a translated tree, with what its names brought along."""
        text = tree.sql(dialect="duckdb", identify=True, comments=False)
        for mark, sql in self._relations.items():
            text = text.replace(f'"{mark}"', sql)
        return Translation(text, dict(self._registered), set(self._datasets))

    def tree(
        self, tree: exp.Expr, context: tuple[str, ...], depth: int = 0, expect_query: bool = True
    ) -> exp.Expr:
        """Translate a tree in place and give it back (its root may be another one)."""
        if expect_query and not isinstance(tree, exp.Query | exp.Values):
            raise Unsupported(f"PARSE ERROR: [{tree.key.upper()}] is not a query.")
        _refuse(tree)
        tables = list(tree.find_all(exp.Table))
        # Taken out first: a table function is not one of the functions that `functions.py` knows.
        calls = {id(table): call for table in tables if (call := metadata_call(table))}
        for table in tables:
            if id(table) in calls:
                table.set("this", exp.to_identifier(".".join(calls[id(table)][0]), quoted=True))
        spell_out_averages(tree)
        tree = self._functions(tree)
        _name_expressions(tree)
        _cut_qualifiers(tree)
        for table in tables:
            self._table(table, context, depth, calls.get(id(table)))
        return tree

    def _table(
        self,
        table: exp.Table,
        context: tuple[str, ...],
        depth: int,
        call: tuple[tuple[str, ...], Metadata] | None,
    ) -> None:
        if not table.name:
            raise Unsupported(f"[{table.sql(dialect='dremio')}] is not supported by the embedded engine.")
        for option in ("when", "changes", "sample", "ordinality", "only"):
            if table.args.get(option):
                raise Unsupported(
                    f"[{table.args[option].sql(dialect='dremio')}] is not supported by the engine."
                )
        path, reading = call or (tuple(part.name for part in table.parts), reading_of(table))
        if reading is None and len(path) == 1 and is_cte(table, path[0]):
            return
        if depth > MAX_VIEW_DEPTH:
            raise InvalidStatement(f"Views are nested more than {MAX_VIEW_DEPTH} deep at [{'.'.join(path)}].")
        relation = self._resolve(path, context, *([reading] if reading else []))
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
        for extra in ("joins", "laterals", "pivots"):
            if table.args.get(extra):
                body.set(extra, table.args[extra])
        table.replace(body)

    def _mark(self, text: str) -> str:
        """A name for text the engine wrote, put in after generation; it cannot be guessed."""
        mark = f"{self._nonce}_{len(self._relations)}"
        self._relations[mark] = text
        return mark

    def _functions(self, tree: exp.Expr) -> exp.Expr:
        for node in reversed(list(tree.walk(bfs=True))):
            replacement = self._function(node)
            if replacement is None:
                continue
            if node is tree:
                tree = replacement
            else:
                node.replace(replacement)
        return tree

    def _function(self, node: exp.Expr) -> exp.Expr | None:
        match node:
            case exp.Anonymous():
                if isinstance(node.parent, exp.Table):
                    return None
                return functions.translate_function(node.name, list(node.expressions), _position(node))
            case exp.Extract():
                return functions.extract(node.this.name.upper(), node.expression)
            case exp.CurrentDate() | exp.CurrentTimestamp():
                return functions.translate_function(node.sql_names()[0], [], "")
            case exp.CurrentUser():
                return exp.Literal.string(self._user)
            case exp.Cast() if isinstance(node.to.this, exp.Interval):
                return functions.interval_of(node.this, str(node.to.this.args["unit"]).upper())
            case exp.DataType() if node.is_type(exp.DType.DECIMAL) and not node.expressions:
                return exp.DataType.build("DECIMAL(38, 0)", dialect="duckdb")
            case exp.DataType():
                _check_type(node)
                return None
            case _:
                return None


def _refuse(tree: exp.Expr) -> None:
    for node in tree.walk():
        if isinstance(node, exp.Select) and not node.expressions:
            raise InvalidStatement("PARSE ERROR: SELECT without columns.")
        if isinstance(node, REFUSED_NODES):
            raise Unsupported(
                f"PARSE ERROR: [{node.sql(dialect='dremio')[:80]}] is not supported by the engine."
            )
        if isinstance(node, exp.Func) and not isinstance(node, ALLOWED_NODES):
            name = node.sql_name()
            raise Unsupported(
                f"VALIDATION ERROR: No match found for function signature {name}{_position(node)}:"
                " the embedded engine does not have this function."
            )
        if isinstance(node, exp.Lateral | exp.Unnest):
            raise Unsupported(f"{node.key.upper()} is not supported by the embedded engine.")
        if isinstance(node, exp.Literal) and not node.is_string and node.name.lower().startswith("0x"):
            raise Unsupported(f"[{node.name}] is not a literal of Dremio's SQL.")


def _position(node: exp.Expr) -> str:
    meta = node.meta
    return f" at line {meta['line']}, column {meta['col'] - len(node.name) + 1}" if "line" in meta else ""


def _check_type(node: exp.DataType) -> None:
    if isinstance(node.this, exp.Interval):
        return
    name = node.this.value if isinstance(node.this, exp.DType) else str(node.this)
    if name not in SCALAR_TYPES and not isinstance(node.parent, exp.Interval):
        raise Unsupported(f"PARSE ERROR: type [{name}] is not supported by the embedded engine.")
    if name in ("VARCHAR", "TEXT", "CHAR", "NVARCHAR"):
        node.set("expressions", [])


def _name_expressions(tree: exp.Expr) -> None:
    for select in tree.find_all(exp.Select):
        for index, projection in enumerate(list(select.expressions)):
            inner = projection.this if isinstance(projection, exp.Paren) else projection
            if isinstance(inner, exp.Column) and not isinstance(inner.this, exp.Star):
                # Dremio names a column as the query wrote it, DuckDB as the table did.
                alias = exp.to_identifier(inner.name, quoted=True)
                projection.replace(exp.Alias(this=projection.copy(), alias=alias))
                continue
            if isinstance(inner, exp.Column | exp.Alias | exp.Star | exp.Dot | exp.Aliases):
                continue
            alias = exp.to_identifier(f"EXPR${index}", quoted=True)
            projection.replace(exp.Alias(this=projection.copy(), alias=alias))


def _cut_qualifiers(tree: exp.Expr) -> None:
    """`gold.orders.amount` -> `orders.amount`: a relation keeps only its own name as alias."""
    for column in tree.find_all(exp.Column):
        column.set("db", None)
        column.set("catalog", None)


def is_cte(table: exp.Table, name: str) -> bool:
    """Whether a name in a query is that of its own WITH."""
    below: exp.Expr = table
    node = table.parent
    while node is not None:
        if isinstance(node, exp.With):
            names = []
            for cte in node.expressions:
                if cte is below and not node.args.get("recursive"):
                    break
                names.append(cte.alias.lower())
            if name.lower() in names:
                return True
        elif (attached := node.args.get("with_")) is not None and attached is not below:
            names = [cte.alias.lower() for cte in attached.expressions]
            if name.lower() in names:
                return True
        below, node = node, node.parent
    return False
