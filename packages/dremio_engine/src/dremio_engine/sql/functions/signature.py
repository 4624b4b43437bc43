"""What a line of the function table says: DuckDB's expression by number of arguments, and the result type."""

import functools
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB

from dremio_engine.errors import InvalidStatement, Unsupported

Arguments = list[exp.Expr]
Rule = Callable[[Arguments], exp.Expr]
# DuckDB's names of the argument types -> the result's; None stands for "not known".
ResultRule = Callable[[Sequence[str | None]], str | None]


class _Template(DuckDB):
    """DuckDB's SQL with every function left as it was written: no rewriting behind the table's back."""

    class Parser(DuckDB.Parser):
        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            name: rule
            for name, rule in DuckDB.Parser.FUNCTION_PARSERS.items()
            if name in ("CAST", "TRY_CAST", "EXTRACT")
        }


_PLACE = "__argument_"
ANY_NUMBER = -1


@dataclass(frozen=True)
class Function:
    """A Dremio function. `result` is a DuckDB type or a rule on argument types; the answer is cast to it
    where DuckDB's own would have another: always to a named type, to a ruled one if `cast_ruled`."""

    result: str | ResultRule
    templates: Mapping[int, str] = field(default_factory=dict)
    rule: Rule | None = None
    aggregate: bool = False
    cast_ruled: bool = False


def f(
    result: str | ResultRule, *templates: str, aggregate: bool = False, cast_ruled: bool = False
) -> Function:
    """A function by templates: `{0}` is the first argument, `{*}` all of them, however many."""
    by_number = {_places(t): t for t in templates}
    return Function(result, by_number, aggregate=aggregate, cast_ruled=cast_ruled)


def ruled(result: str | ResultRule, rule: Rule, aggregate: bool = False) -> Function:
    """A function that looks at its arguments' form."""
    return Function(result, rule=rule, aggregate=aggregate)


def build(template: str, arguments: Sequence[exp.Expr]) -> exp.Expr:
    """DuckDB's tree for a template. Arguments go in as trees, never as text."""
    tree = _parsed(template, len(arguments)).copy()
    unused = set(range(len(arguments)))
    for column in list(tree.find_all(exp.Column)):
        if column.name.startswith(_PLACE):
            number = int(column.name.removeprefix(_PLACE))
            # A copy for every use but one: copying is most of what translating costs.
            argument = enclosed(arguments[number] if number in unused else arguments[number].copy())
            unused.discard(number)
            if column is tree:
                tree = argument
            else:
                column.replace(argument)
    return enclosed(tree)


def cast_to(node: exp.Expr, name: str) -> exp.Expr:
    """The expression as a type, by DuckDB's name of it."""
    return exp.Cast(this=node, to=_data_type(name).copy())


def first(types: Sequence[str | None]) -> str | None:
    """The result has the first argument's type."""
    return types[0] if types else None


def unknown(types: Sequence[str | None]) -> str | None:
    """The result's type is whatever DuckDB makes of it."""
    return None


def literal(name: str, node: exp.Expr) -> str:
    """The text of an argument that must be a literal. Raises Unsupported."""
    if not (isinstance(node, exp.Literal) and node.is_string):
        raise Unsupported(f"{name} needs a literal here; the embedded engine knows no other form.")
    return str(node.this)


class WrongNumber(InvalidStatement):
    """Too many or too few arguments."""


def wrong_number(name: str, where: str = "") -> WrongNumber:
    """The refusal of a call with too many or too few arguments."""
    return WrongNumber(f"VALIDATION ERROR: Invalid number of arguments to function '{name}'{where}.")


def expect(name: str, arguments: Arguments, *counts: int) -> None:
    """Raises InvalidStatement unless the call has one of these numbers of arguments."""
    if len(arguments) not in counts:
        raise wrong_number(name)


def enclosed(node: exp.Expr) -> exp.Expr:
    """In brackets if it is looser than a call."""
    loose = exp.Binary | exp.Unary | exp.Between | exp.In
    if isinstance(node, loose) and not isinstance(node, exp.Paren | exp.Dot):
        return exp.Paren(this=node)
    return node


def _places(template: str) -> int:
    names = {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
    return ANY_NUMBER if "*" in names else len(names)


@functools.lru_cache(maxsize=512)
def _data_type(name: str) -> exp.DataType:
    return exp.DataType.build(name, dialect="duckdb")


@functools.lru_cache(maxsize=2048)
def _parsed(template: str, count: int) -> exp.Expr:
    places = [f"{_PLACE}{i}" for i in range(count)]
    text = template.replace("{*}", ", ".join(places))
    return sqlglot.parse_one(text.format(*places), dialect=_Template)
