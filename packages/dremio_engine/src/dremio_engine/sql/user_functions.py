"""Functions that users have made, and the queries that stand for their calls.

A call is replaced by the function's body, with its arguments as a relation in front of it: a name in the body
can mean a parameter or a column of the body's tables, never a column of the query that calls.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlglot import exp

from dremio_engine.errors import InvalidStatement
from dremio_engine.paths import Path, dotted
from dremio_engine.sql.functions import FUNCTIONS
from dremio_engine.sql.functions.signature import wrong_number
from dremio_engine.sql.names import tables_in
from dremio_engine.sql.parsed import parse

MAX_CALLS = 1000
CONTEXT = "context"
_ARGUMENTS, _BODY, _RESULT = "$arguments", "$body", "$return"
_QUERIES = ("SELECT", "WITH", "VALUES")


@dataclass(frozen=True)
class UserFunction:
    """`columns` are those of a tabular function, whose `returns` is empty; types as they were written."""

    path: Path
    parameters: tuple[tuple[str, str], ...]
    returns: str
    columns: tuple[tuple[str, str], ...]
    body: str
    context: Path = ()

    @property
    def query(self) -> str:
        """The body as a query: an expression becomes one."""
        first = self.body.split(None, 1)[0].upper() if self.body.strip() else ""
        return self.body if first.startswith(_QUERIES) else f"select {self.body}"


# (path, context) -> the function; nothing when there is none.
Find = Callable[[Path, Path], UserFunction | None]


def expand_calls(tree: exp.Expr, find: Callable[[Path], UserFunction | None]) -> None:
    """Put the bodies of the user's functions in the place of their calls. Raises InvalidStatement."""
    done = 0
    while calls := list(_calls(tree, find)):
        done += len(calls)
        if done > MAX_CALLS:
            raise InvalidStatement(
                f"VALIDATION ERROR: its functions come to more than {MAX_CALLS} calls; one may call itself."
            )
        for node, call, function in calls:
            _check(call, function)
            if isinstance(node, exp.Table):
                _expand_table(node, call, function)
            else:
                node.replace(_scalar(call, function))


def body_without_arguments(function: UserFunction) -> exp.Expr:
    """The body with NULL for every parameter, to be planned."""
    return _with_parameters(
        _body(function), {name.lower(): _cast(exp.Null(), kind) for name, kind in function.parameters}
    )


def _calls(
    tree: exp.Expr, find: Callable[[Path], UserFunction | None]
) -> Iterator[tuple[exp.Expr, exp.Anonymous, UserFunction]]:
    """What is to be replaced, the call and the function, inner calls first."""
    for call in reversed(list(tree.find_all(exp.Anonymous))):
        path, node = _path(call)
        if len(path) == 1 and (path[0].upper() in FUNCTIONS or path[0].lower() == "table"):
            continue
        above = node.parent
        is_table = isinstance(above, exp.Anonymous) and above.name.lower() == "table"
        is_table = is_table and isinstance(above.parent, exp.Table)
        function = find(path)
        if function is None:
            continue
        if bool(function.columns) != is_table:
            kind = "only in FROM, as TABLE(..)" if function.columns else "where a value stands"
            raise InvalidStatement(f"VALIDATION ERROR: Function [{dotted(path)}] is called {kind}.")
        yield (above.parent if is_table else node), call, function


def _path(call: exp.Anonymous) -> tuple[Path, exp.Expr]:
    """The name of a call with what stands before its last dot, and the node that is all of it."""
    node: exp.Expr = call
    names = [call.this.name if isinstance(call.this, exp.Identifier) else str(call.this)]
    if isinstance(call.parent, exp.Dot) and call.parent.expression is call:
        node = call.parent
        names = [*(part.name for part in node.this.find_all(exp.Identifier)), *names]
    return tuple(names), node


def _check(call: exp.Anonymous, function: UserFunction) -> None:
    if len(call.expressions) != len(function.parameters):
        raise wrong_number(dotted(function.path))


def _scalar(call: exp.Anonymous, function: UserFunction) -> exp.Expr:
    body = _body(function)
    value: exp.Expr
    if _is_expression(body):
        arguments = {
            name.lower(): _cast(argument, kind)
            for (name, kind), argument in zip(function.parameters, call.expressions, strict=True)
        }
        value = _with_parameters(body.expressions[0].unalias(), arguments)
    else:
        result = exp.Column(this=_name(_RESULT), table=_name(_BODY))
        value = exp.Subquery(this=_applied(call, function, body, [_RESULT], [result]))
    return _cast(value, function.returns)


def _is_expression(body: exp.Expr) -> bool:
    """Whether it is SELECT of one value, with nothing from tables."""
    return (
        isinstance(body, exp.Select)
        and not any(value for key, value in body.args.items() if key not in ("expressions", "kind", "hint"))
        and len(body.expressions) == 1
        and body.find(exp.From) is None
    )


def _expand_table(table: exp.Table, call: exp.Anonymous, function: UserFunction) -> None:
    body = _body(function)
    if any(argument.find(exp.Column) for argument in call.expressions):
        raise InvalidStatement("VALIDATION ERROR: Tabular UDFs must not be correlated.")
    names = [name for name, _ in function.columns]
    columns = [
        exp.alias_(_cast(exp.Column(this=_name(name), table=_name(_BODY)), kind), _name(name))
        for name, kind in function.columns
    ]
    select = _applied(call, function, body, names, columns)
    alias = table.args.get("alias") or exp.TableAlias(this=_name(function.path[-1]))
    found = exp.Subquery(this=select, alias=alias)
    for extra in ("joins", "laterals"):
        if table.args.get(extra):
            found.set(extra, table.args[extra])
    table.replace(found)


def _applied(
    call: exp.Anonymous, function: UserFunction, body: exp.Expr, names: list[str], values: list[exp.Expr]
) -> exp.Select:
    """The values, read from the body with its arguments in front of it."""
    arguments = _arguments(call, function, body)
    alias = exp.TableAlias(this=_name(_BODY), columns=[_name(name) for name in names])
    rows = exp.Lateral(this=exp.Subquery(this=body), alias=alias)
    return exp.Select(
        expressions=values, from_=exp.From(this=arguments), joins=[exp.Join(this=rows, kind="CROSS")]
    )


def _arguments(call: exp.Anonymous, function: UserFunction, body: exp.Expr) -> exp.Subquery:
    """The arguments as a relation of one row, to whose columns the body's parameters are changed."""
    names = {name.lower(): f"${index}" for index, (name, _) in enumerate(function.parameters)}
    _with_parameters(
        body, {name: exp.Column(this=_name(new), table=_name(_ARGUMENTS)) for name, new in names.items()}
    )
    values = [
        exp.alias_(_cast(argument, kind), _name(names[name.lower()]))
        for (name, kind), argument in zip(function.parameters, call.expressions, strict=True)
    ]
    one = exp.Select(expressions=values or [exp.alias_(exp.Literal.number(1), _name("$none"))])
    return exp.Subquery(this=one, alias=exp.TableAlias(this=_name(_ARGUMENTS)))


def _with_parameters(body: exp.Expr, values: dict[str, exp.Expr]) -> exp.Expr:
    holder = exp.Paren(this=body)
    for column in list(holder.find_all(exp.Column)):
        value = values.get(column.name.lower()) if not column.table else None
        if value is not None:
            column.replace(value.copy())
    found: exp.Expr = holder.this
    found.pop()
    return found


def _body(function: UserFunction) -> exp.Expr:
    """The body's tree, whose names are looked up from where the function was made."""
    body = parse(function.query)
    for table in tables_in(body):
        table.meta.setdefault(CONTEXT, function.context)
    return body


def _cast(value: exp.Expr, kind: str) -> exp.Expr:
    cast = parse(f"select cast(null as {kind})").expressions[0]
    cast.set("this", value.copy())
    return cast


def _name(text: str) -> exp.Identifier:
    return exp.to_identifier(text, quoted=True)
