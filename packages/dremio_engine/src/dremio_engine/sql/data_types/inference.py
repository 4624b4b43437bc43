"""The types of expressions, as far as they can be known before the query runs.

Dremio plans with types, DuckDB binds with other rules: where the two differ (division, DECIMAL,
dates plus intervals, sums of integers) the translator asks here and writes the difference down as a cast.
Nothing is computed for a query that has no such place. What is not known stays as DuckDB has it.
"""

from collections.abc import Callable, Mapping

from sqlglot import exp

from dremio_engine.sql.data_types.nested_types import element_of, member_of
from dremio_engine.sql.data_types.scopes import relations_of, scopes_around
from dremio_engine.sql.data_types.type_names import type_name
from dremio_engine.sql.data_types.type_rules import (
    NULL,
    arithmetic_type,
    common_type,
    rounded_type,
    whole_type,
)
from dremio_engine.sql.data_types.type_syntax import TryConvertFrom
from dremio_engine.sql.functions import FUNCTIONS
from dremio_engine.sql.functions.collections import is_map

Columns = Mapping[str, str]
# A table of the query -> its columns (lower case) and their DuckDB types; nothing when not known.
TableColumns = Callable[[exp.Table], Columns | None]

OPERATORS: dict[type[exp.Expr], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
}
_LITERAL_WORDS: dict[type[exp.Expr], str] = {
    exp.Boolean: "BOOLEAN",
    exp.CurrentDate: "DATE",
    exp.CurrentTimestamp: "TIMESTAMP",
    exp.CurrentTime: "TIME",
    exp.Interval: "INTERVAL",
    exp.DPipe: "VARCHAR",
    exp.Overlay: "VARCHAR",
    exp.Trim: "VARCHAR",
    exp.Substring: "VARCHAR",
    exp.StrPosition: "INTEGER",
    exp.Extract: "BIGINT",
    exp.Null: NULL,
}
MAX_DEPTH = 24


class Types:
    """Answers for one tree, before it is translated."""

    def __init__(self, table_columns: TableColumns) -> None:
        self._table_columns = table_columns
        self._known: dict[int, str | None] = {}
        self._sources: dict[int, list[tuple[str, Columns | None]]] = {}
        self._depth = 0

    def of(self, node: exp.Expr | None) -> str | None:
        """The DuckDB type of an expression; nothing when it is not known."""
        if node is None or self._depth > MAX_DEPTH * 8:
            return None
        key = id(node)
        if key not in self._known:
            self._known[key] = None
            self._depth += 1
            self._known[key] = self._of(node)
            self._depth -= 1
        return self._known[key]

    def _of(self, node: exp.Expr) -> str | None:
        if type(node) in OPERATORS:
            return self._arithmetic(node)
        if found := _LITERAL_WORDS.get(type(node)):
            return found
        match node:
            case exp.Literal():
                return _literal_type(node)
            case exp.Paren() | exp.Neg() | exp.Distinct() | exp.Filter() | exp.Alias() | exp.Window():
                return self.of(node.expressions[0] if isinstance(node, exp.Distinct) else node.this)
            case exp.WithinGroup() | exp.IgnoreNulls() | exp.RespectNulls():
                return self.of(node.this)
            case exp.Cast():
                return type_name(node.to)
            case exp.Ceil() | exp.Floor():
                return whole_type([self.of(node.this)])
            case exp.Case():
                branches = [i.args["true"] for i in node.args["ifs"]] + [node.args.get("default")]
                return common_type([self.of(b) if b is not None else NULL for b in branches])
            case exp.Anonymous():
                return self._function(node)
            case exp.Subquery() if node.is_wrapper or isinstance(node.this, exp.Query):
                outputs = self.outputs(node.this)
                return outputs[0][1] if outputs and len(outputs) == 1 else None
            case exp.Column():
                return self._column(node)
            case exp.Dot():
                return member_of(self.of(node.this), node.name)
            case TryConvertFrom():
                return type_name(node.args["to"])
            case exp.Bracket() if is_map(node):
                key, value = (common_type([self.of(e) for e in node.expressions[i::2]]) for i in (0, 1))
                return f"MAP({key}, {value})" if key and value else None
            case exp.Bracket():
                return self._part(self.of(node.this), node.expressions[0])
            case exp.Array():
                element = common_type([self.of(each) for each in node.expressions])
                return f"{element}[]" if element else None
            case exp.Predicate() | exp.Connector() | exp.Not():
                return "BOOLEAN"
            case _:
                return None

    def _arithmetic(self, node: exp.Expr) -> str | None:
        left, right = self.of(node.this), self.of(node.expression)
        operator = OPERATORS[type(node)]
        if operator in "+-" and "INTERVAL" in (left, right):
            other = right if left == "INTERVAL" else left
            return other if other in ("DATE", "TIMESTAMP", "TIME", "INTERVAL") else None
        if operator == "-" and left == right and left in ("DATE", "TIMESTAMP"):
            return "INTERVAL"
        return arithmetic_type(operator, left, right)

    def _function(self, node: exp.Anonymous) -> str | None:
        if node.name.upper() in _ROUNDING and node.expressions:
            digits = node.expressions[1] if len(node.expressions) > 1 else exp.Literal.number(0)
            return rounded_type(self.of(node.expressions[0]), _whole_number(digits))
        function = FUNCTIONS.get(node.name.upper())
        if function is None:
            return arithmetic_type("%", *map(self.of, node.expressions)) if _is_mod(node) else None
        if isinstance(function.result, str):
            return function.result
        return function.result([self.of(a) for a in node.expressions])

    @staticmethod
    def _part(whole: str | None, key: exp.Expr) -> str | None:
        if isinstance(key, exp.Literal) and key.is_string and (member := member_of(whole, key.name)):
            return member
        return None if isinstance(key, exp.Slice) else element_of(whole)

    def _column(self, node: exp.Column) -> str | None:
        name, qualifier = node.name.lower(), node.table.lower()
        if not qualifier:
            return self._named(node, name)
        for scope in scopes_around(node):
            for alias, columns in self.sources_of(scope):
                if alias == qualifier:
                    return columns.get(name) if columns is not None else None
        return member_of(self._named(node, qualifier), name)

    def _named(self, node: exp.Column, name: str) -> str | None:
        """The type of what a name without its table stands for where a column is."""
        for scope in scopes_around(node):
            holding = [c for _, c in self.sources_of(scope) if c is None or name in c]
            if holding:
                only = holding[0] if len(holding) == 1 else None
                return only.get(name) if only is not None else None
            for projection in scope.expressions:
                if isinstance(projection, exp.Alias) and projection.alias.lower() == name:
                    return self.of(projection.this)
        return None

    def columns_of(self, table: exp.Table) -> Columns | None:
        """The columns of a table in their order; nothing when they are not known."""
        return self._table_columns(table)

    def sources_of(self, scope: exp.Expr) -> list[tuple[str, Columns | None]]:
        """(alias, columns as far as they are known) of what a statement reads, in the order it names them."""
        if id(scope) not in self._sources:
            self._sources[id(scope)] = []
            found = [(node.alias_or_name.lower(), self._source(node)) for node in relations_of(scope)]
            if scope.args.get("laterals"):
                found.append(("", None))
            self._sources[id(scope)] = found
        return self._sources[id(scope)]

    def _source(self, node: exp.Expr) -> Columns | None:
        if isinstance(node, exp.Table):
            query = cte_query(node, node.name) if len(node.parts) == 1 else None
            if query is None:
                return self._table_columns(node)
            cte = query.parent
            outputs = self.outputs(query)
            names = [c.name for c in (cte.args.get("alias") or exp.TableAlias()).columns] if cte else []
        elif isinstance(node, exp.Subquery | exp.Lateral):
            outputs = self.outputs(node.this)
            names = node.alias_column_names
        elif isinstance(node, exp.Unnest):
            return dict(zip(node.alias_column_names, self._of_elements(node), strict=False))
        elif isinstance(node, exp.Values):
            outputs = self.outputs(node)
            names = node.alias_column_names
        else:
            return None
        if outputs is None:
            return None
        renamed = list(names) + [name for name, _ in outputs[len(names) :]]
        return {n.lower(): t for n, (_, t) in zip(renamed, outputs, strict=False) if t is not None} | {
            n.lower(): "" for n, (_, t) in zip(renamed, outputs, strict=False) if t is None
        }

    def _of_elements(self, unnest: exp.Unnest) -> tuple[str, str]:
        """The types of an UNNEST's elements and places."""
        kind = self.of(unnest.expressions[0]) or ""
        return kind.removesuffix("[]") if kind.endswith("[]") else "", "BIGINT"

    def outputs(self, query: exp.Expr) -> list[tuple[str, str | None]] | None:
        """(name, type) of each column a query gives; nothing when even their number is not known."""
        if isinstance(query, exp.Subquery):
            return self.outputs(query.this)
        if isinstance(query, exp.SetOperation):
            left, right = self.outputs(query.this), self.outputs(query.expression)
            if left is None or right is None:
                return None
            return [(n, common_type([a, b])) for (n, a), (_, b) in zip(left, right, strict=False)]
        if isinstance(query, exp.Values):
            rows = [r.expressions if isinstance(r, exp.Tuple) else [r] for r in query.expressions]
            width = len(rows[0])
            return [(f"EXPR${i}", common_type([self.of(row[i]) for row in rows])) for i in range(width)]
        if not isinstance(query, exp.Select):
            return None
        found: list[tuple[str, str | None]] = []
        for index, projection in enumerate(query.expressions):
            if projection.is_star:
                qualifier = projection.table.lower() if isinstance(projection, exp.Column) else ""
                star = projection.this if isinstance(projection, exp.Column) else projection
                left_out = {name.name.lower() for name in star.args.get("except_") or ()}
                for alias, columns in self.sources_of(query):
                    if columns is None:
                        return None
                    if not qualifier or alias == qualifier:
                        found += [(n, t or None) for n, t in columns.items() if n not in left_out]
            else:
                found.append((projection.alias_or_name or f"EXPR${index}", self.of(projection)))
        return found


def cte_query(table: exp.Table, name: str) -> exp.Expr | None:
    """The query of the WITH clause that a name stands for at this place; nothing when there is none."""
    for cte in reversed(visible_ctes(table)):
        if cte.alias.lower() == name.lower():
            return cte.this
    return None


def visible_ctes(place: exp.Expr) -> list[exp.Expr]:
    """The queries of WITH clauses that can be named at a place, those of outer queries first."""
    found: list[exp.Expr] = []
    inside, node = place, place.parent
    while node is not None:
        with_ = node if isinstance(node, exp.With) else node.args.get("with_")
        if isinstance(node, exp.With) or (with_ is not None and with_ is not inside):
            found = [*_visible(with_, inside), *found]
        inside, node = node, node.parent
    return found


def _visible(with_: exp.Expr, inside: exp.Expr) -> list[exp.Expr]:
    """A query of WITH sees those before it, and itself only when it is recursive."""
    found = []
    for cte in with_.expressions:
        if cte is inside and not with_.args.get("recursive"):
            break
        found.append(cte)
    return found


def _literal_type(node: exp.Literal) -> str | None:
    if node.is_string:
        return "VARCHAR"
    text = node.name
    if "e" in text.lower():
        return "DOUBLE"
    whole, _, fraction = text.partition(".")
    if "." in text:
        digits = len(whole.lstrip("0")) + len(fraction)
        return f"DECIMAL({max(digits, len(fraction), 1)},{len(fraction)})" if digits <= 38 else "DOUBLE"
    return "INTEGER" if int(text) < 2**31 else "BIGINT" if int(text) < 2**63 else None


_ROUNDING = frozenset(["ROUND", "TRUNC", "TRUNCATE"])


def _whole_number(node: exp.Expr) -> int | None:
    sign, inner = (-1, node.this) if isinstance(node, exp.Neg) else (1, node)
    return sign * int(inner.name) if isinstance(inner, exp.Literal) and inner.is_int else None


def _is_mod(node: exp.Anonymous) -> bool:
    return node.name.upper() == "MOD" and len(node.expressions) == 2
