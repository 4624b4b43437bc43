"""What INSERT, UPDATE and MERGE write into a column of another type: cast as CAST does it.

DuckDB casts by itself, but by its own rules: it would read '1.7' as 2, and a moment as a text would have no
milliseconds.
"""

from collections.abc import Iterator, Sequence

from sqlglot import exp

from dremio_engine.sql.data_types.inference import Columns, Types
from dremio_engine.sql.data_types.type_rules import FLOATING, WHOLE

_QUERY, _VALUE = "dremio_source_5d1f", "dremio_value_5d1f"
# (type of the value, type of the column) where the two engines may differ.
_DIFFERENT = frozenset(
    [
        *(("VARCHAR", kind) for kind in ("INTEGER", "BIGINT", "BOOLEAN", "BLOB")),
        *((kind, whole) for kind in FLOATING for whole in WHOLE),
        *((kind, "VARCHAR") for kind in (*FLOATING, "TIMESTAMP", "TIME", "BLOB")),
    ]
)


def cast_assigned(tree: exp.Expr, types: Types, columns: Columns) -> bool:
    """Cast what a change assigns to its target's columns, in place; whether anything was to be cast."""
    match tree:
        case exp.Insert():
            return _cast_rows(tree, types, _named(tree.this, columns), columns)
        case exp.Update():
            return _cast_each(_set_by(tree), types, columns)
        case exp.Merge():
            clauses = [when.args.get("then") for when in tree.find_all(exp.When)]
            cast = [_cast_each(_assigned_by(clause), types, columns) for clause in clauses]
            return any(cast)
    return False


def _named(target: exp.Expr, columns: Columns) -> list[str]:
    """The columns an INSERT fills, in the order of its values."""
    listed = target.expressions if isinstance(target, exp.Schema) else []
    return [each.name.lower() for each in listed] or list(columns)


def _cast_rows(insert: exp.Insert, types: Types, names: Sequence[str], columns: Columns) -> bool:
    source = insert.expression
    outputs = types.outputs(source) if isinstance(source, exp.Query | exp.Values) else None
    if outputs is None or len(outputs) != len(names):
        return False
    kinds = [columns.get(name) for name in names]
    wanted = [
        kind if (found, kind) in _DIFFERENT else None for (_, found), kind in zip(outputs, kinds, strict=True)
    ]
    if not any(wanted):
        return False
    aliases = [exp.to_identifier(f"{_VALUE}_{place}", quoted=True) for place in range(len(names))]
    alias = exp.TableAlias(this=exp.to_identifier(_QUERY, quoted=True), columns=aliases)
    if isinstance(source, exp.Values):
        relation: exp.Expr = exp.Values(expressions=source.expressions, alias=alias)
    else:
        relation = exp.Subquery(this=source, alias=alias)
    values = [exp.Column(this=name.copy()) for name in aliases]
    query = exp.Select(
        expressions=[
            _cast(value, kind) if kind else value for value, kind in zip(values, wanted, strict=True)
        ]
    )
    query.set("from_", exp.From(this=relation))
    insert.set("expression", query)
    return True


def _cast_each(pairs: Iterator[tuple[str, exp.Expr]], types: Types, columns: Columns) -> bool:
    found = False
    for name, value in list(pairs):
        kind = columns.get(name)
        if kind and (types.of(value), kind) in _DIFFERENT:
            # Not a copy: the tables inside are still to be found.
            cast = _cast(exp.Null(), kind)
            value.replace(cast)
            cast.set("this", value)
            found = True
    return found


def _assigned_by(clause: object) -> Iterator[tuple[str, exp.Expr]]:
    """(column, value) of a clause of MERGE."""
    if isinstance(clause, exp.Update):
        yield from _set_by(clause)
    elif isinstance(clause, exp.Insert) and isinstance(clause.expression, exp.Tuple) and clause.this:
        listed = zip(clause.this.expressions, clause.expression.expressions, strict=False)
        yield from ((column.name.lower(), value) for column, value in listed)


def _set_by(update: exp.Update) -> Iterator[tuple[str, exp.Expr]]:
    for each in update.expressions:
        if isinstance(each, exp.EQ):
            yield each.this.name.lower(), each.expression


def _cast(value: exp.Expr, kind: str) -> exp.Cast:
    return exp.Cast(this=value, to=exp.DataType.build(kind, dialect="duckdb"))
