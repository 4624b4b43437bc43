"""Whether one materialisation can answer one SELECT exactly, and with which SELECT.

Raw: all columns that are named are kept. Aggregate, over a SELECT that groups, aggregates or is DISTINCT:

| in the query                         | from the materialisation                                        |
|--------------------------------------|-----------------------------------------------------------------|
| dimension d, any function of d       | d; where d is kept by day, only what the day decides: CAST(d AS |
|                                      | DATE), DATE_TRUNC and EXTRACT of a day or more, d >= midnight,  |
|                                      | d < midnight, IS [NOT] NULL                                     |
| COUNT(*)                             | sum of the row counts                                           |
| COUNT(x)                             | sum of the counts; row counts where dimension x is not NULL     |
| SUM(x), integer or decimal           | sum of the sums (AVG is SUM / COUNT already, see averages.py)   |
| MIN(x), MAX(x)                       | MIN or MAX of the kept ones, or of a dimension or function of it|
| COUNT(DISTINCT e), SUM(DISTINCT d)   | the same, e and d of dimensions                                 |

Not matched: floating-point dimensions and measures, expressions of measures (SUM(a * b), FILTER), GROUPING
SETS, windows, subqueries in the clauses, approximate and ordered aggregates.
"""

from dataclasses import dataclass

from sqlglot import exp

from dremio_engine.reflections.blocks import NoMatch, is_base
from dremio_engine.reflections.repeatable import (
    ADDING,
    AGGREGATES,
    VOLATILE,
    is_exact_type,
    order_dependent,
)
from dremio_engine.reflections.shape import ROW_COUNT, Shape

_FLOATS = ("FLOAT", "DOUBLE", "REAL")
_GROUPABLE = ("BOOLEAN", "VARCHAR", "DATE", "TIMESTAMP", "TIME")
_OF_A_DAY = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "DECADE", "CENTURY", "MILLENNIUM")
_EXTRACTED = (*_OF_A_DAY, "DOW", "DOY", "ISODOW", "ISOYEAR", "DAYOFWEEK", "DAYOFYEAR")
_DAY_FUNCTIONS = (
    "YEAR",
    "MONTH",
    "DAY",
    "DAYOFMONTH",
    "DAYOFYEAR",
    "DAYOFWEEK",
    "QUARTER",
    "WEEK",
    "LAST_DAY",
)
_MIDNIGHT = ("00:00:00", "00:00", "00:00:00.0", "00:00:00.000", "00:00:00.000000")


@dataclass(frozen=True)
class Target:
    """A materialisation as matching sees it: with its dataset's columns and their DuckDB types.

    `mark` is the name that stands for it in the rewritten query.
    """

    shape: Shape
    types: dict[str, str]
    rows: int
    mark: tuple[str, str]
    columns: tuple[str, ...]

    def table(self, alias: str) -> exp.Table:
        """The materialisation in a FROM."""
        space, name = (exp.to_identifier(part, quoted=True) for part in self.mark)
        named = exp.TableAlias(this=exp.to_identifier(alias, quoted=True))
        return exp.Table(this=name, db=space, alias=named)

    def column(self, name: str) -> exp.Column:
        """A column of the materialisation."""
        return exp.Column(
            this=exp.to_identifier(name, quoted=True), table=exp.to_identifier(KEPT, quoted=True)
        )


KEPT = "$kept"


def raw(block: exp.Select, target: Target) -> exp.Select:
    """The SELECT over a raw materialisation. Raises NoMatch."""
    kept = {name.lower(): name for name in target.shape.display}
    found = block.copy()
    if any(order_dependent(found, lambda c: is_exact_type(target.types.get(c.name.lower())))):
        raise NoMatch
    for column in list(found.find_all(exp.Column)):
        if is_base(column):
            if column.name.lower() not in kept:
                raise NoMatch
            column.replace(target.column(kept[column.name.lower()]))
    _check_limit(found, target)
    found.set("from_", exp.From(this=target.table(KEPT)))
    return found


def aggregate(block: exp.Select, target: Target) -> exp.Select:
    """The SELECT over an aggregate materialisation. Raises NoMatch."""
    group = block.args.get("group")
    calls = [n for n in block.find_all(exp.Anonymous) if n.name.upper() in AGGREGATES]
    if not (group or calls or block.args.get("distinct")):
        raise NoMatch
    if not target.shape.dimensions and (group or not calls):
        raise NoMatch  # its one row is there even where the dataset has none
    if block.args.get("where") and any(n in calls for n in block.args["where"].walk()):
        raise NoMatch
    found = block.copy()
    writer = _Regrouping(target)
    for part in (*found.expressions, *(found.args.get(k) for k in ("where", "group", "having", "order"))):
        if part is not None:
            writer.rewrite(part)
    _check_limit(found, target)
    found.set("from_", exp.From(this=target.table(KEPT)))
    return found


def _check_limit(block: exp.Select, target: Target) -> None:
    """A LIMIT without ORDER BY must not cut anything off: which rows stay would be open."""
    limit = block.args.get("limit")
    if block.args.get("order") or not (limit or block.args.get("offset")):
        return
    if block.args.get("offset") or limit is None or int(limit.expression.name) < max(target.rows, 1):
        raise NoMatch


class _Regrouping:
    """Puts what is kept in the place of dimensions and aggregates."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._dimensions = {d.column.lower(): d for d in target.shape.dimensions}
        self._measures = {(m.column.lower(), m.kind): m for m in target.shape.measures}

    def rewrite(self, part: exp.Expr) -> None:
        """Change a part of the SELECT in place. Raises NoMatch."""
        for node in list(part.walk()):
            if isinstance(node, exp.AggFunc | exp.Filter | exp.WithinGroup | exp.IgnoreNulls):
                raise NoMatch
            if isinstance(node, exp.Anonymous) and node.name.upper() in VOLATILE:
                raise NoMatch
        for call in list(part.find_all(exp.Anonymous)):
            if call.name.upper() in AGGREGATES:
                if call.find_ancestor(exp.Anonymous) and _inside_aggregate(call):
                    raise NoMatch
                call.replace(self._aggregate(call))
        for column in list(part.find_all(exp.Column)):
            if is_base(column):
                self._dimension(column)

    def _aggregate(self, call: exp.Anonymous) -> exp.Expr:
        name, arguments = call.name.upper(), call.expressions
        if len(arguments) > 1:
            raise NoMatch
        value = arguments[0] if arguments else exp.Star()
        if isinstance(value, exp.Distinct):
            return self._distinct(call, value)
        if name == "COUNT" and (
            isinstance(value, exp.Star) or (isinstance(value, exp.Literal) and not value.is_string)
        ):
            return _counted(self._target.column(ROW_COUNT))
        if is_base(value):
            return self._of_column(name, value.name.lower())
        if name in ("MIN", "MAX") and any(is_base(c) for c in value.find_all(exp.Column)):
            return self._of_dimensions(call, value)
        raise NoMatch

    def _of_column(self, name: str, column: str) -> exp.Expr:
        if name == "COUNT":
            if measure := self._measures.get((column, "COUNT")):
                return _counted(self._target.column(measure.kept_as))
            if column in self._dimensions:
                kept = self._target.column(self._dimensions[column].column)
                present = exp.Not(this=exp.Is(this=kept, expression=exp.Null()))
                rows = exp.If(this=present, true=self._target.column(ROW_COUNT))
                return _counted(exp.Case(ifs=[rows], default=exp.Literal.number(0)))
            raise NoMatch
        self._check_type(column, adding=name in ADDING)
        if name in ("SUM", "MIN", "MAX"):
            if measure := self._measures.get((column, name)):
                return _call(name, self._target.column(measure.kept_as))
            dimension = self._dimensions.get(column)
            if name != "SUM" and dimension is not None and not self._by_day(column):
                return _call(name, self._target.column(dimension.column))
        raise NoMatch

    def _distinct(self, call: exp.Anonymous, value: exp.Distinct) -> exp.Expr:
        name = call.name.upper()
        if name not in ("COUNT", "SUM", "MIN", "MAX") or len(value.expressions) != 1:
            raise NoMatch
        inner = value.expressions[0]
        if name == "SUM":
            if not is_base(inner):
                raise NoMatch
            self._check_type(inner.name.lower(), adding=True)
        return self._of_dimensions(call, inner)

    def _of_dimensions(self, call: exp.Anonymous, value: exp.Expr) -> exp.Expr:
        """The same call; its columns become dimensions in their turn."""
        if not all(is_base(c) for c in value.find_all(exp.Column)) or not value.find(exp.Column):
            raise NoMatch
        if any(isinstance(n, exp.Anonymous) and n.name.upper() in AGGREGATES for n in value.walk()):
            raise NoMatch
        return call.copy()

    # -- dimensions ----------------------------------------------------------------------------------

    def _dimension(self, column: exp.Column) -> None:
        name = column.name.lower()
        dimension = self._dimensions.get(name)
        if dimension is None:
            raise NoMatch
        self._check_type(name)
        kept: exp.Expr = self._target.column(dimension.column)
        if self._by_day(name):
            if not _only_the_day(column):
                raise NoMatch
            kept = exp.Cast(this=kept, to=exp.DataType.build("TIMESTAMP"))
        column.replace(kept)

    def _by_day(self, name: str) -> bool:
        return self._dimensions[name].by_day and self._type(name).startswith("TIMESTAMP")

    def _type(self, name: str) -> str:
        return self._target.types.get(name, "").upper()

    def _check_type(self, name: str, adding: bool = False) -> None:
        kind = self._type(name)
        if is_exact_type(kind) or (not adding and kind.split("(")[0] in _GROUPABLE):
            return
        raise NoMatch


def _inside_aggregate(call: exp.Anonymous) -> bool:
    above = call.find_ancestor(exp.Anonymous)
    while above is not None:
        if above.name.upper() in AGGREGATES:
            return True
        above = above.find_ancestor(exp.Anonymous)
    return False


def _only_the_day(column: exp.Column) -> bool:
    """Whether the value around a moment is the same for every moment of its day."""
    above = column.parent
    match above:
        case exp.Cast():
            return above.to.is_type("DATE")
        case exp.Extract():
            return above.name.upper() in _EXTRACTED
        case exp.Is():
            return isinstance(above.expression, exp.Null)
        case exp.Anonymous():
            name, arguments = above.name.upper(), above.expressions
            if name == "DATE_TRUNC" and len(arguments) == 2 and arguments[1] is column:
                return isinstance(arguments[0], exp.Literal) and arguments[0].name.upper() in _OF_A_DAY
            return name in _DAY_FUNCTIONS and len(arguments) == 1
        case exp.GTE() | exp.LT():
            return above.this is column and _is_midnight(above.expression)
        case exp.GT() | exp.LTE():
            return above.expression is column and _is_midnight(above.this)
        case _:
            return False


def _is_midnight(value: exp.Expr) -> bool:
    """Whether a value is written so that it can only be the beginning of a day."""
    if isinstance(value, exp.Cast) and isinstance(value.this, exp.Literal) and value.this.is_string:
        text = value.this.name.strip()
        if value.to.is_type("DATE"):
            return len(text) == 10
        return value.to.is_type("TIMESTAMP") and (len(text) == 10 or text[10:].strip(" T") in _MIDNIGHT)
    if isinstance(value, exp.Anonymous) and value.name.upper() == "TO_TIMESTAMP":
        texts = [a.name for a in value.expressions if isinstance(a, exp.Literal) and a.is_string]
        if len(texts) == 2 and len(value.expressions) == 2:
            return texts[1].upper().startswith("YYYY-MM-DD HH24:MI:SS") and texts[0][10:].strip() in _MIDNIGHT
    return False


def _call(name: str, value: exp.Expr) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=[value])


def _counted(value: exp.Expr) -> exp.Expr:
    """A sum of counts: 0 where COUNT would see no row, and of COUNT's type."""
    total = _call("COALESCE", _call("SUM", value))
    total.append("expressions", exp.Literal.number(0))
    return exp.Cast(this=total, to=exp.DataType.build("BIGINT"))
