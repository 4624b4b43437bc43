"""A reflection's definition as clients send it: checked against its dataset, and completed as Dremio does.

What is kept says everything: a dimension its granularity, a measure its kinds. Fields that the Reflection
API does not know are left out, and so are lists without a field.
"""

from typing import Any

from dremio_engine.errors import EngineError, Unsupported
from dremio_engine.reflections.shape import MEASURES

Columns = list[tuple[str, str]]
Body = dict[str, Any]

DATE, NORMAL = "DATE", "NORMAL"
# A measure without kinds has these, where its type allows them: by REST, and by SQL.
REST_MEASURES = ("COUNT", "MAX", "MIN", "SUM")
SQL_MEASURES = ("SUM", "COUNT")
_SQL_NAMES = {"APPROXIMATE_COUNT_DISTINCT": "APPROX_COUNT_DISTINCT"}
_LISTS = {
    "displayFields": "Display",
    "dimensionFields": "Dimension",
    "measureFields": "Measure",
    "distributionFields": "Distribution",
    "partitionFields": "Partition",
    "sortFields": "Sort",
}
_OTHERS = ("type", "name", "datasetId", "arrowCachingEnabled", "partitionDistributionStrategy")
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DECIMAL", "FLOAT", "DOUBLE", "INTERVAL")


def completed(body: Body, columns: Columns, measures: tuple[str, ...] = REST_MEASURES) -> Body:
    """The definition to keep, of a dataset with these columns and their DuckDB types.

    `measures` are the kinds of a measure that names none. Raises EngineError, Unsupported.
    """
    _check_head(body)
    types = {name.lower(): kind.upper() for name, kind in columns}
    for key, label in _LISTS.items():
        for field in body.get(key) or []:
            _check_field(field, label, types, nested=key == "displayFields")
    kept: Body = {key: body[key] for key in _OTHERS if body.get(key) is not None}
    kept |= {key: list(body[key]) for key in _LISTS if body.get(key)}
    kept["enabled"] = bool(body["enabled"])
    if kept["type"] == "RAW":
        _check_raw(kept)
    else:
        _check_aggregation(kept)
        for index, field in enumerate(kept.get("dimensionFields", [])):
            kept["dimensionFields"][index] = {
                "name": field["name"],
                "granularity": _granularity(field, index),
            }
        for index, field in enumerate(kept.get("measureFields", [])):
            kinds = _kinds(field, types[field["name"].lower()], measures)
            kept["measureFields"][index] = {"name": field["name"], "measureTypeList": kinds}
    _check_layout(kept)
    return kept


def _check_head(body: Body) -> None:
    if body.get("type") not in ("RAW", "AGGREGATION"):
        raise EngineError(f"Reflection type [{body.get('type')}] is not RAW or AGGREGATION.")
    if not str(body.get("name") or "").strip():
        raise EngineError("A reflection needs a name.")
    if body.get("enabled") is None:
        raise EngineError("Reflections must have the enabled field set")


def _check_field(field: Any, label: str, types: dict[str, str], nested: bool) -> None:
    name = str(field.get("name", "")) if isinstance(field, dict) else str(field)
    kind = types.get(name.lower()) if isinstance(field, dict) else None
    if kind is None:
        raise EngineError(f"{label} field contains a field name [{name}] that does not exist in the dataset")
    if not nested and (kind.endswith("[]") or kind.startswith(("STRUCT", "MAP"))):
        raise EngineError(f"{label} field cannot have field [{name}] of type list, map or union")


def _check_raw(kept: Body) -> None:
    if not kept.get("displayFields"):
        raise EngineError("A raw reflection needs displayFields.")
    for key in ("dimensionFields", "measureFields"):
        if kept.get(key):
            raise EngineError(f"A raw reflection cannot have {key}.")


def _check_aggregation(kept: Body) -> None:
    if not kept.get("dimensionFields") and not kept.get("measureFields"):
        raise EngineError("An aggregation reflection needs dimensionFields or measureFields.")
    if kept.get("displayFields"):
        raise EngineError("An aggregation reflection cannot have displayFields.")


def _granularity(field: Body, index: int) -> str:
    granularity = field.get("granularity") or DATE
    if granularity not in (DATE, NORMAL):
        raise EngineError(f"Invalid value found at: dimensionFields[{index}].granularity", str(granularity))
    return str(granularity)


def _kinds(field: Body, column_type: str, measures: tuple[str, ...]) -> list[str]:
    adds = column_type.split("(")[0] in _NUMBERS
    valid = [kind for kind in REST_MEASURES if adds or kind != "SUM"]
    asked = [str(kind).strip().upper() for kind in field.get("measureTypeList") or ()]
    asked = [_SQL_NAMES.get(kind, kind) for kind in asked]
    for kind in asked:
        if kind not in MEASURES:
            raise Unsupported(f"Measure type [{kind}] of field [{field['name']}] is not supported.")
        if kind == "SUM" and not adds:
            raise EngineError(
                f"The following measure type(s) were invalid for the field {field['name']}: [{kind}]."
                f" Valid measures for type {column_type} include: APPROX_COUNT_DISTINCT, {', '.join(valid)}."
            )
    return asked or [kind for kind in measures if kind in valid]


def _check_layout(kept: Body) -> None:
    there = {f["name"].lower() for k in ("displayFields", "dimensionFields") for f in kept.get(k, [])}
    for key in ("partitionFields", "sortFields"):
        for field in kept.get(key, []):
            if field["name"].lower() not in there:
                raise EngineError(
                    f"Reflection [{kept['name']}]: [{field['name']}] is in {key} but is not kept."
                )
