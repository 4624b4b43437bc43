"""What a reflection's definition means as a query: its columns, order and partitions."""

from typing import Any

from embedded.dremio.catalog.entities import Path
from embedded.dremio.errors import EngineError, Unsupported
from embedded.dremio.lake.lake_sql import quoted
from embedded.dremio.sql.commands import PartitionField

MEASURES = {
    "SUM": "sum({0})",
    "COUNT": "count({0})",
    "MIN": "min({0})",
    "MAX": "max({0})",
    "APPROXIMATE_COUNT_DISTINCT": "approx_count_distinct({0})",
}
ROW_COUNT = "count_star"
FIELD_LISTS = (
    "displayFields",
    "dimensionFields",
    "dateFields",
    "measureFields",
    "partitionFields",
    "sortFields",
)


def validate(body: dict[str, Any], columns: list[str]) -> None:
    """Raises EngineError when a field is not a column of the dataset or the definition is empty."""
    if body.get("type") not in ("RAW", "AGGREGATION"):
        raise EngineError(f"Reflection type [{body.get('type')}] is not RAW or AGGREGATION.")
    if not body.get("name"):
        raise EngineError("A reflection needs a name.")
    known = {column.lower() for column in columns}
    for key in FIELD_LISTS:
        for field in body.get(key) or []:
            if str(field.get("name", "")).lower() not in known:
                raise EngineError(
                    f"Reflection [{body['name']}]: field [{field.get('name')}] is not in the dataset."
                )
    if body["type"] == "RAW" and not body.get("displayFields"):
        raise EngineError("A raw reflection needs displayFields.")
    if body["type"] == "AGGREGATION" and not (body.get("dimensionFields") or body.get("measureFields")):
        raise EngineError("An aggregation reflection needs dimensionFields or measureFields.")
    for measure in body.get("measureFields") or []:
        for kind in measure.get("measureTypeList") or []:
            if kind.strip().upper() not in MEASURES:
                raise Unsupported(f"Reflection [{body['name']}]: measure type [{kind}] is not supported.")


def materialisation_query(
    body: dict[str, Any], path: Path
) -> tuple[str, tuple[str, ...], tuple[PartitionField, ...]]:
    """Dremio SQL of the materialisation, its sort columns and its partitions."""
    source = ".".join(quoted(part) for part in path)
    sort = tuple(f["name"] for f in body.get("sortFields") or [])
    partitions = tuple(
        PartitionField(f["name"], str((f.get("transform") or {}).get("type", "IDENTITY")).lower())
        for f in body.get("partitionFields") or []
    )
    if body["type"] == "RAW":
        display = ", ".join(quoted(f["name"]) for f in body["displayFields"])
        return f"select {display} from {source}", sort, partitions
    keys, outputs = dimensions(body), []
    for name, expression in keys:
        outputs.append(f"{expression} as {quoted(name)}")
    for measure in body.get("measureFields") or []:
        for kind in measure.get("measureTypeList") or ["SUM", "COUNT"]:
            name = measure_column(measure["name"], kind)
            outputs.append(
                f"{MEASURES[kind.strip().upper()].format(quoted(measure['name']))} as {quoted(name)}"
            )
    outputs.append(f"count(*) as {quoted(ROW_COUNT)}")
    group = f" group by {', '.join(expression for _, expression in keys)}" if keys else ""
    return f"select {', '.join(outputs)} from {source}{group}", sort, partitions


def dimensions(body: dict[str, Any]) -> list[tuple[str, str]]:
    """(column in the materialisation, expression) of each dimension; DATE granularity cuts the time."""
    by_day = [f["name"] for f in body.get("dateFields") or []]
    found = []
    for field in [
        *(body.get("dimensionFields") or []),
        *({"name": n, "granularity": "DATE"} for n in by_day),
    ]:
        column = quoted(field["name"])
        found.append(
            (field["name"], f"cast({column} as date)" if field.get("granularity") == "DATE" else column)
        )
    return found


def measure_column(column: str, kind: str) -> str:
    """The name of a measure in the materialisation."""
    return f"{kind.strip().lower()}_{column}"
