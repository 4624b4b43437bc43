"""Lists and maps; positions begin at 0. Source: docs.dremio.com, SQL functions, Semi-Structured Data."""

from collections.abc import Sequence

from sqlglot import exp

from dremio_engine.errors import InvalidStatement
from dremio_engine.sql.data_types.type_rules import sum_type
from dremio_engine.sql.functions.signature import Function, f, first


def _element(types: Sequence[str | None]) -> str | None:
    return types[0].removesuffix("[]") if types and types[0] and types[0].endswith("[]") else None


def _sum_of_elements(types: Sequence[str | None]) -> str | None:
    return sum_type([_element(types)])


def _second(types: Sequence[str | None]) -> str | None:
    return types[1] if len(types) > 1 else None


def is_map(node: exp.Expr) -> bool:
    """Whether it is MAP[key, value, ..], which the parser takes for a column's element."""
    name = node.this if isinstance(node, exp.Bracket) else None
    return isinstance(name, exp.Column) and not name.table and name.sql().upper() == "MAP"


def map_of(node: exp.Bracket) -> exp.Expr:
    """DuckDB's map. Raises InvalidStatement for a key without a value."""
    keys, values = node.expressions[::2], node.expressions[1::2]
    if len(keys) != len(values):
        raise InvalidStatement("VALIDATION ERROR: Map requires an even number of arguments")
    lists = [exp.Array(expressions=part) for part in (keys, values)]
    return exp.Anonymous(this="map", expressions=lists)


# The position in brackets when it is not a literal (the parser counts literals itself); a map's key stays.
MACROS = (
    "create or replace macro dremio_index(k integer) as k + 1, (k bigint) as k + 1, (k varchar) as k",
    "create or replace macro dremio_array_frequency(l) as case when len(l) = 0"
    " then error('ARRAY_FREQUENCY needs a list with elements')"
    " else map(list_transform(map_keys(list_histogram(l)), lambda __k: cast(__k as varchar)),"
    " list_transform(map_values(list_histogram(l)), lambda __n: cast(__n as bigint))) end",
)
# A position counted from the end when it is negative, as how many elements stand before it.
_BEFORE = "greatest(CASE WHEN {1} < 0 THEN len({0}) + {1} ELSE {1} END, 0)"
_UNTIL = "greatest(CASE WHEN {2} < 0 THEN len({0}) + {2} ELSE {2} END, 0)"
_DISTINCT = "list_filter({list}, lambda __item, __at: list_position({list}, __item) = __at)"

COLLECTIONS: dict[str, Function] = {
    "ARRAYS_OVERLAP": f("BOOLEAN", "list_has_any({0}, {1})"),
    "ARRAY_APPEND": f(first, "list_append({0}, {1})"),
    "ARRAY_AVG": f("DOUBLE", "list_avg({0})"),
    "ARRAY_CAT": f(first, "list_concat({0}, {1})"),
    "ARRAY_COMPACT": f(first, "list_filter({0}, lambda __item: __item IS NOT NULL)"),
    "ARRAY_CONCAT": f(first, "list_concat({0}, {1})"),
    "ARRAY_CONTAINS": f("BOOLEAN", "list_contains({0}, {1})"),
    "ARRAY_DISTINCT": f(first, _DISTINCT.format(list="{0}")),
    "ARRAY_FREQUENCY": f(lambda types: None, "dremio_array_frequency({0})"),
    "ARRAY_GENERATE_RANGE": f("INTEGER[]", "range({0}, {1})", "range({0}, {1}, {2})"),
    "ARRAY_INSERT": f(
        first,
        f"list_concat(list_append(list_resize(list_slice({{0}}, 1, {_BEFORE}), {_BEFORE}), {{2}}),"
        f" list_slice({{0}}, {_BEFORE} + 1, len({{0}})))",
    ),
    "ARRAY_INTERSECTION": f(
        first, f"list_filter({_DISTINCT.format(list='{0}')}, lambda __member: list_contains({{1}}, __member))"
    ),
    "ARRAY_LENGTH": f("INTEGER", "len({0})"),
    "ARRAY_MAX": f(_element, "list_max({0})"),
    "ARRAY_MIN": f(_element, "list_min({0})"),
    "ARRAY_POSITION": f("INTEGER", "list_position({1}, {0}) - 1"),
    "ARRAY_PREPEND": f(_second, "list_prepend({0}, {1})"),
    "ARRAY_REMOVE": f(first, "list_filter({0}, lambda __item: __item IS DISTINCT FROM {1})"),
    "ARRAY_REMOVE_AT": f(
        first,
        "list_filter({0}, lambda __item, __at: __at - 1 <> CASE WHEN {1} < 0 THEN len({0}) + {1}"
        " ELSE {1} END)",
    ),
    "ARRAY_SIZE": f("INTEGER", "len({0})"),
    "ARRAY_SLICE": f(first, f"list_slice({{0}}, {_BEFORE} + 1, {_UNTIL})"),
    "ARRAY_SUM": f(_sum_of_elements, "list_sum({0})", cast_ruled=True),
    "ARRAY_TO_STRING": f(
        "VARCHAR",
        "array_to_string(list_transform({0}, lambda __item: coalesce(CAST(__item AS VARCHAR), '')), {1})",
    ),
    "CARDINALITY": f("INTEGER", "len({0})"),
    "FLATTEN": f(_element, "unnest({0})"),
    "MAP_KEYS": f("VARCHAR[]", "map_keys({0})"),
    "MAP_VALUES": f(lambda types: None, "map_values({0})"),
    "SET_UNION": f(first, _DISTINCT.format(list="list_concat({0}, {1})")),
    "SIZE": f("INTEGER", "cardinality({0})"),
    "SUBLIST": f(first, "list_slice({0}, greatest({1}, 1), greatest({1}, 1) + {2} - 1)"),
}
