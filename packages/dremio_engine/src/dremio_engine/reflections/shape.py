"""What a reflection's definition means as a query: its columns, order and partitions."""

from dataclasses import dataclass
from typing import Any

from dremio_engine.errors import EngineError, Unsupported
from dremio_engine.sql.commands import PartitionField
from dremio_engine.sql.quoting import quoted

# Measure -> how rows become it, and how two of it become one (nothing: they cannot).
MEASURES = {
    "SUM": ("sum({0})", "sum({0})"),
    "COUNT": ("count({0})", "sum({0})"),
    "MIN": ("min({0})", "min({0})"),
    "MAX": ("max({0})", "max({0})"),
    "APPROXIMATE_COUNT_DISTINCT": ("approx_count_distinct({0})", None),
}
DEFAULT_MEASURES = ("SUM", "COUNT")
# A `$` keeps the columns of measures away from those of dimensions.
ROW_COUNT = "count$"
FIELD_LISTS = (
    "displayFields",
    "dimensionFields",
    "dateFields",
    "measureFields",
    "partitionFields",
    "sortFields",
)


@dataclass(frozen=True)
class Dimension:
    """A dimension's column; `by_day` when only its day is kept."""

    column: str
    by_day: bool


@dataclass(frozen=True)
class Measure:
    """A measure's column in the dataset, its kind, its column in the materialisation."""

    column: str
    kind: str
    kept_as: str


@dataclass(frozen=True)
class Shape:
    """A definition, read. `display` is empty for an aggregation, the other two for a raw reflection."""

    display: tuple[str, ...]
    dimensions: tuple[Dimension, ...]
    measures: tuple[Measure, ...]
    sort: tuple[str, ...]
    partitions: tuple[PartitionField, ...]

    @property
    def is_raw(self) -> bool:
        """Whether it keeps rows, not groups of them."""
        return bool(self.display)

    @property
    def columns(self) -> list[str]:
        """The dataset's columns it is made of."""
        return [*self.display, *(d.column for d in self.dimensions), *(m.column for m in self.measures)]

    @property
    def can_merge(self) -> bool:
        """Whether groups of new rows can be put together with the groups that are kept."""
        return all(MEASURES[m.kind][1] for m in self.measures)

    def query(self, source: str, types: dict[str, str]) -> str:
        """DuckDB SQL of the materialisation of a relation whose column types are given by lower-case name."""
        if self.is_raw:
            return f"select {', '.join(quoted(c) for c in self.display)} from {source}"
        outputs = [f"{self._key(d, types)} as {quoted(d.column)}" for d in self.dimensions]
        for measure in self.measures:
            value = MEASURES[measure.kind][0].format(quoted(measure.column))
            outputs.append(f"{value} as {quoted(measure.kept_as)}")
        outputs.append(f"count(*) as {quoted(ROW_COUNT)}")
        group = ", ".join(self._key(d, types) for d in self.dimensions)
        return f"select {', '.join(outputs)} from {source}" + (f" group by {group}" if group else "")

    def merged(self, kept: str, grown: str) -> str:
        """DuckDB SQL that makes one materialisation of two relations of this shape."""
        both = f"(select * from {kept} union all select * from {grown}) as both_parts"
        keys = [quoted(d.column) for d in self.dimensions]
        outputs = list(keys)
        for measure in self.measures:
            rule = MEASURES[measure.kind][1] or "{0}"
            outputs.append(f"{rule.format(quoted(measure.kept_as))} as {quoted(measure.kept_as)}")
        outputs.append(f"sum({quoted(ROW_COUNT)}) as {quoted(ROW_COUNT)}")
        group = f" group by {', '.join(keys)}" if keys else ""
        return f"select {', '.join(outputs)} from {both}{group}"

    @staticmethod
    def _key(dimension: Dimension, types: dict[str, str]) -> str:
        column = quoted(dimension.column)
        moment = types.get(dimension.column.lower(), "").upper().startswith("TIMESTAMP")
        return f"cast({column} as date)" if dimension.by_day and moment else column


def shape_of(body: dict[str, Any]) -> Shape:
    """A validated definition, read."""
    partitions = tuple(
        PartitionField(f["name"], str((f.get("transform") or {}).get("type", "IDENTITY")).lower())
        for f in body.get("partitionFields") or []
    )
    sort = tuple(f["name"] for f in body.get("sortFields") or [])
    if body["type"] == "RAW":
        return Shape(tuple(f["name"] for f in body["displayFields"]), (), (), sort, partitions)
    dimensions = {
        f["name"].lower(): Dimension(f["name"], f.get("granularity") == "DATE")
        for f in body.get("dimensionFields") or []
    }
    for field in body.get("dateFields") or []:
        dimensions.setdefault(field["name"].lower(), Dimension(field["name"], True))
    measures = {}
    for field in body.get("measureFields") or []:
        for kind in field.get("measureTypeList") or DEFAULT_MEASURES:
            name = kind.strip().upper()
            measure = Measure(field["name"], name, f"{name.lower()}${field['name']}")
            measures[measure.kept_as.lower()] = measure
    return Shape((), tuple(dimensions.values()), tuple(measures.values()), sort, partitions)


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
    kept = {
        f["name"].lower()
        for key in ("displayFields", "dimensionFields", "dateFields")
        for f in body.get(key) or []
    }
    for key in ("partitionFields", "sortFields"):
        for field in body.get(key) or []:
            if field["name"].lower() not in kept:
                raise EngineError(
                    f"Reflection [{body['name']}]: [{field['name']}] is in {key} but is not kept."
                )
