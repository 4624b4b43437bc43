"""The expressions of a query: functions, arithmetic, casts and the user's own functions."""

from collections.abc import Callable, Iterator

from sqlglot import exp

from dremio_engine.sql import functions
from dremio_engine.sql.allowlist import check_type, position
from dremio_engine.sql.arithmetic import is_hidden, operation, positive_remainder
from dremio_engine.sql.casts import as_text, cast, is_plain
from dremio_engine.sql.data_types.inference import OPERATORS, Types
from dremio_engine.sql.data_types.type_names import type_name
from dremio_engine.sql.data_types.type_rules import whole_type
from dremio_engine.sql.data_types.type_syntax import TryConvertFrom
from dremio_engine.sql.functions.collections import is_map, map_of
from dremio_engine.sql.functions.dates import cast_to_interval, extract, interval_span
from dremio_engine.sql.functions.json_conversion import try_convert_from
from dremio_engine.sql.functions.number_text import exact_number_text
from dremio_engine.sql.functions.numbers import rounded_by_column
from dremio_engine.sql.functions.periods import overlaps
from dremio_engine.sql.functions.signature import cast_to, expect, literal, wrong_number
from dremio_engine.sql.functions.text import similar_to, takes_text

# Words that are functions without brackets, as the parser leaves them.
WORDS = frozenset(
    [
        "USER",
        "SESSION_USER",
        "SYSTEM_USER",
        "CURRENT_SCHEMA",
        "CURRENT_DATE_UTC",
        "LOCALTIME",
        "LOCALTIMESTAMP",
    ]
)
USER_FUNCTIONS = frozenset(["USER", "QUERY_USER", "SESSION_USER", "SYSTEM_USER", "CURRENT_USER"])
REMAINDERS = frozenset(["MOD", "PMOD"])
# DuckDB answers these with the type the table names.
_NATURAL = frozenset(["VARCHAR", "BOOLEAN", "VARCHAR[]", "BLOB"])
# Whose meaning hangs on the type of the first argument.
_ROUNDINGS = frozenset(["ROUND", "TRUNC", "TRUNCATE"])
_BY_ARGUMENT = frozenset([*_ROUNDINGS, "CARDINALITY", "TO_CHAR"])
_AROUND = (exp.Window, exp.Filter, exp.WithinGroup, exp.IgnoreNulls, exp.RespectNulls)

# Parts of special syntax that are texts.
_TEXT_PARTS: dict[type[exp.Expr], tuple[str, ...]] = {
    exp.DPipe: ("this", "expression"),
    exp.Like: ("this",),
    exp.Overlay: ("this", "expression"),
    exp.SimilarTo: ("this",),
    exp.StrPosition: ("this", "substr"),
    exp.Substring: ("this",),
    exp.Trim: ("this", "expression"),
}

Plan = dict[int, tuple[str | None, ...]]
# An argument's name, its place in it if it is a list, and the type of the value there.
TextPart = tuple[str, int | None, str]


class Expressions:
    """The expressions of one tree, with what must be known of it before it changes."""

    def __init__(
        self, tree: exp.Expr, types: Types, user: str, schema: str, member_of: Callable[[str], bool]
    ) -> None:
        self._tree = tree
        self._nodes = list(tree.walk(bfs=True))
        self._plan = _types_needed(self._nodes, types)
        self._become_texts = _not_texts_yet(self._nodes, types)
        self._user = user
        self._schema = schema
        self._member_of = member_of

    def translated(self) -> exp.Expr:
        """Translate every expression in place, inner ones first; the root may become another node."""
        tree = self._tree
        for node in reversed(self._nodes):
            for part, place, kind in self._become_texts.get(id(node), ()):
                _put_text(node, part, place, kind)
            replacement = self._replacement(node, self._plan)
            if replacement is None:
                continue
            if node is tree:
                tree = replacement
            else:
                node.replace(replacement)
        return tree

    def _replacement(self, node: exp.Expr, plan: Plan) -> exp.Expr | None:
        if type(node) in OPERATORS:
            left, right, result = plan[id(node)]
            operator, hidden = OPERATORS[type(node)], is_hidden(node)
            return operation(operator, node.this, node.expression, left, right, result, hidden)
        match node:
            case exp.Anonymous():
                return self._call(node, plan)
            case exp.IgnoreNulls() if isinstance(node.this, exp.Anonymous):
                return _ignoring_nulls(node)
            case exp.Window() | exp.Filter() | exp.WithinGroup() | exp.RespectNulls():
                return _cast_around(node, node.this.meta.get("result"))
            case exp.Extract():
                return extract(node.this.name.upper(), node.expression)
            case exp.CurrentDate() | exp.CurrentTimestamp() | exp.CurrentTime():
                return functions.translate_function(node.sql_names()[0], [], "")
            case exp.Localtime() | exp.Localtimestamp():
                return functions.translate_function(node.sql_names()[0], [], "")
            case exp.CurrentUser() | exp.SessionUser():
                return exp.Literal.string(self._user)
            case exp.Column() if _is_word(node):
                return self._word(node.name.upper())
            case exp.SimilarTo() if not isinstance(node.parent, exp.Escape):
                return similar_to(node.this, node.expression, None)
            case exp.Escape() if isinstance(node.this, exp.SimilarTo):
                return similar_to(node.this.this, node.this.expression, node.expression)
            case exp.Ceil() | exp.Floor():
                if node.args.get("decimals") is not None or node.args.get("to") is not None:
                    raise wrong_number(node.sql_names()[0])
                rounded = functions.translate_function(node.sql_names()[0], [node.this], "")
                return _as(rounded, plan[id(node)][0])
            case TryConvertFrom():
                return try_convert_from(node)
            case exp.Overlaps():
                return overlaps(node, plan[id(node)])
            case exp.Bracket() if is_map(node):
                return map_of(node)
            case exp.Bracket() if not isinstance(node.expressions[0], exp.Literal | exp.Slice):
                index = exp.Anonymous(this="dremio_index", expressions=node.expressions)
                return exp.Bracket(this=node.this, expressions=[index])
            case exp.Interval() if (
                isinstance(node.args.get("unit"), exp.IntervalSpan) and node.this is not None
            ):
                return interval_span(node)
            case exp.DPipe() if not isinstance(node.parent, exp.DPipe):
                # DuckDB loses the type of a text when NULL is joined to it.
                return cast_to(exp.Paren(this=node.copy()), "VARCHAR")
            case exp.StrPosition():
                places = [node.args["substr"], node.this, node.args.get("position")]
                return _as(functions.translate_function("LOCATE", [p for p in places if p], ""), "INTEGER")
            case exp.Overlay():
                parts = [node.this, node.expression, node.args["from_"], node.args.get("for_")]
                return functions.translate_function("OVERLAY", [p for p in parts if p], "")
            case exp.Substring():
                parts = [node.this, node.args.get("start"), node.args.get("length")]
                return functions.translate_function("SUBSTRING", [p for p in parts if p], "")
            case exp.Cast() if isinstance(node.to.this, exp.Interval):
                return cast_to_interval(node.this, plan[id(node)][0], node.to.this.args["unit"])
            case exp.Cast():
                return cast(node, plan[id(node)][0])
            case exp.DataType() if node.is_type(exp.DType.DECIMAL) and not node.expressions:
                return exp.DataType.build("DECIMAL(38, 0)", dialect="duckdb")
            case exp.DataType():
                check_type(node)
        return None

    def _word(self, name: str) -> exp.Expr:
        if name in USER_FUNCTIONS:
            return exp.Literal.string(self._user)
        if name == "CURRENT_SCHEMA":
            return exp.Literal.string(self._schema)
        return functions.translate_function(name, [], "")

    def _call(self, node: exp.Anonymous, plan: Plan) -> exp.Expr | None:
        if isinstance(node.parent, exp.Table):
            return None
        name, arguments = node.name.upper(), list(node.expressions)
        if name in USER_FUNCTIONS and not arguments:
            return exp.Literal.string(self._user)
        if name == "IS_MEMBER":
            expect(name, arguments, 1, 2)
            return exp.Boolean(this=self._member_of(literal(name, arguments[0])))
        if name in REMAINDERS:
            return _remainder(name, arguments, plan[id(node)])
        result, *argument_types = plan[id(node)]
        if name == "CARDINALITY" and (argument_types[0] or "").startswith("MAP("):
            name = "SIZE"
        if name == "TO_CHAR" and (exact := exact_number_text(arguments, argument_types)) is not None:
            return exact
        if (
            name in _ROUNDINGS
            and (rounded := rounded_by_column(name, arguments, argument_types[0])) is not None
        ):
            return rounded
        translated = functions.translate_function(name, arguments, position(node))
        if functions.FUNCTIONS[name].aggregate and _is_inside(node):
            translated.meta["result"] = result
            return translated
        return _as(translated, result)


def _types_needed(nodes: list[exp.Expr], types: Types) -> Plan:
    """What must be known of the tree before it changes, by node."""
    plan: Plan = {}
    for node in reversed(nodes):
        if type(node) in OPERATORS:
            plan[id(node)] = (types.of(node.this), types.of(node.expression), types.of(node))
        elif isinstance(node, exp.Cast):
            plan[id(node)] = (types.of(node.this) if _form_matters(node) else None,)
        elif isinstance(node, exp.Overlaps):
            plan[id(node)] = tuple(
                types.of(part.expressions[-1]) if part.expressions else None
                for part in (node.this, node.expression)
            )
        elif isinstance(node, exp.Ceil | exp.Floor):
            plan[id(node)] = (whole_type([types.of(node.this)]),)
        elif isinstance(node, exp.Anonymous):
            plan[id(node)] = _call_types(node, types)
    return plan


def _form_matters(node: exp.Cast) -> bool:
    to = type_name(node.to)
    if isinstance(node.this, exp.Literal) and not node.this.is_string:
        return to == "VARCHAR" and "e" in node.this.name.lower()
    return to in ("VARCHAR", "INTEGER", "BIGINT", "BOOLEAN", "INTERVAL")


def _not_texts_yet(nodes: list[exp.Expr], types: Types) -> dict[int, list[TextPart]]:
    """Where another value than a text stands that has to become one, by node."""
    found: dict[int, list[TextPart]] = {}
    for node in nodes:
        for part, place, value in _text_parts(node):
            if is_plain(kind := types.of(value)):
                found.setdefault(id(node), []).append((part, place, str(kind)))
    return found


def _text_parts(node: exp.Expr) -> Iterator[tuple[str, int | None, exp.Expr]]:
    if isinstance(node, exp.Anonymous):
        name = node.name.upper()
        for place, value in enumerate(node.expressions):
            if takes_text(name, place):
                yield "expressions", place, value
    for part in _TEXT_PARTS.get(type(node), ()):
        if (value := node.args.get(part)) is not None:
            yield part, None, value


def _put_text(node: exp.Expr, part: str, place: int | None, kind: str) -> None:
    value = node.args[part] if place is None else node.expressions[place]
    node.set(part, as_text(value.copy(), kind), place)


def _call_types(node: exp.Anonymous, types: Types) -> tuple[str | None, ...]:
    name = node.name.upper()
    if name in REMAINDERS:
        return tuple(types.of(a) for a in node.expressions)
    function = functions.FUNCTIONS.get(name)
    if function is None:
        return (None,)
    if name in _BY_ARGUMENT:
        result = "INTEGER" if name == "CARDINALITY" else None
        return (result, types.of(node.expressions[0]) if node.expressions else None)
    if isinstance(function.result, str):
        return (None if function.result in _NATURAL else function.result,)
    return (types.of(node) if function.cast_ruled else None,)


def _remainder(name: str, arguments: list[exp.Expr], kinds: tuple[str | None, ...]) -> exp.Expr:
    expect(name, arguments, 2)
    left, right = arguments
    if name == "PMOD":
        return positive_remainder(left, right)
    return operation("%", left, right, kinds[0], kinds[1], None) or left


def _ignoring_nulls(node: exp.IgnoreNulls) -> exp.Expr:
    """DuckDB wants IGNORE NULLS behind the last argument, inside the brackets."""
    function = node.this.copy()
    last = function.expressions[-1]
    last.replace(exp.IgnoreNulls(this=last.copy()))
    return function


def _is_inside(node: exp.Expr) -> bool:
    return isinstance(node.parent, _AROUND) and node.parent.this is node


def _cast_around(node: exp.Expr, result: str | None) -> exp.Expr | None:
    """Casts stand outside OVER, FILTER and WITHIN GROUP."""
    if result is None:
        return None
    if _is_inside(node):
        node.meta["result"] = result
        return None
    return cast_to(node.copy(), result)


def _as(node: exp.Expr, result: str | None) -> exp.Expr:
    return node if result is None else cast_to(node, result)


def _is_word(node: exp.Column) -> bool:
    quoted = isinstance(node.this, exp.Identifier) and node.this.args.get("quoted")
    return not node.table and not quoted and node.name.upper() in WORDS
