"""(start, end) OVERLAPS (start, end), as Calcite has it: periods that only touch overlap as well."""

from sqlglot import exp

from dremio_engine.errors import InvalidStatement
from dremio_engine.sql.functions.signature import build


def overlaps(node: exp.Overlaps, second_types: tuple[str | None, ...]) -> exp.Expr:
    """DuckDB's test; the second part of a period is its end, or an interval from its start.

    Raises InvalidStatement.
    """
    parts: list[exp.Expr] = []
    for period, second_type in zip((node.this, node.expression), second_types, strict=True):
        if not isinstance(period, exp.Tuple) or len(period.expressions) != 2:
            raise InvalidStatement("VALIDATION ERROR: OVERLAPS compares (start, end) with (start, end).")
        start, second = period.expressions
        end = build("({0} + {1})", [start.copy(), second]) if second_type == "INTERVAL" else second
        parts += [start, end]
    # GREATEST and LEAST leave NULL out; a period with a NULL is not known to overlap.
    return build(
        "CASE WHEN {0} IS NOT NULL AND {1} IS NOT NULL AND {2} IS NOT NULL AND {3} IS NOT NULL"
        " THEN greatest({0}, {1}) >= least({2}, {3}) AND greatest({2}, {3}) >= least({0}, {1}) END",
        parts,
    )
