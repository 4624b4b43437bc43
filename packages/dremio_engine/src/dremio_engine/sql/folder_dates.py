"""Dates taken from folder names, worked out before the query runs, so that filters on them prune files.

A view over a promoted folder says `cast(substr(dir0, 6) as date)`. DuckDB does not move a filter
below a cast that may fail, and would open every file of every day. The folder names are known, so
the cast becomes a look-up in a map, which cannot fail and is pushed down to the list of files.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from sqlglot import exp

from dremio_engine.sql.quoting import literal

Folders = Mapping[str, Sequence[str]]


def precompute(table: exp.Table, folders: Folders, mark: Callable[[str], str]) -> None:
    """Replace such casts in the SELECT that reads `table`; `mark` keeps a text and names it."""
    select = table.find_ancestor(exp.Select)
    if select is None:
        return
    alias = table.alias or table.name
    for cast in list(select.find_all(exp.Cast)):
        if not cast.to.is_type(exp.DType.DATE) or cast.find_ancestor(exp.Select) is not select:
            continue
        found = _substring_of_folder(cast.this, alias, folders)
        if found is None:
            continue
        column, start, length = found
        dates = _dates(folders[column.name.lower()], start, length)
        if dates:
            pairs = ", ".join(f"{literal(name)}: date '{value}'" for name, value in dates.items())
            lookup = exp.Column(this=exp.to_identifier(mark(f"map {{{pairs}}}"), quoted=True))
            cast.replace(exp.Anonymous(this="map_extract_value", expressions=[lookup, column.copy()]))


def _substring_of_folder(
    node: exp.Expr, alias: str, folders: Folders
) -> tuple[exp.Column, int, int | None] | None:
    """(column, start, length) when the node is substr(dirN, start[, length]) of this table."""
    node = node.unnest()
    if isinstance(node, exp.Substring):
        arguments = [node.this, node.args.get("start"), node.args.get("length")]
    elif isinstance(node, exp.Anonymous) and node.name.lower() in ("substr", "substring"):
        arguments = [*node.expressions, None][:3]
    else:
        return None
    column, start, length = (*arguments, None, None)[:3]
    if not isinstance(column, exp.Column) or column.name.lower() not in folders:
        return None
    if column.table and column.table.lower() != alias.lower():
        return None
    numbers = [n for n in (start, length) if n is not None]
    if start is None or not all(isinstance(n, exp.Literal) and n.is_int for n in numbers):
        return None
    return column, int(start.name), int(length.name) if length is not None else None


def _dates(names: Sequence[str], start: int, length: int | None) -> dict[str, date] | None:
    """Each folder's date; nothing when one has none, for then the cast must fail as it would."""
    found = {}
    for name in names:
        text = name[start - 1 :] if length is None else name[start - 1 : start - 1 + length]
        try:
            found[name] = date.fromisoformat(text)
        except ValueError:
            return None
    return found
