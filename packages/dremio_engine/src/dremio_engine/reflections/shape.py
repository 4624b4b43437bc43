"""What a reflection's definition means as a query: its columns, order and partitions."""

from dataclasses import dataclass
from typing import Any

from dremio_engine.sql.quoting import quoted
from dremio_engine.sql.statements.commands import PartitionField

# Measure -> how rows become it, and how two of it become one (nothing: they cannot).
MEASURES = {
    "SUM": ("sum({0})", "sum({0})"),
    "COUNT": ("count({0})", "sum({0})"),
    "MIN": ("min({0})", "min({0})"),
    "MAX": ("max({0})", "max({0})"),
    "APPROX_COUNT_DISTINCT": ("approx_count_distinct({0})", None),
    # As SQL writes it, and as definitions were kept once.
    "APPROXIMATE_COUNT_DISTINCT": ("approx_count_distinct({0})", None),
}
# Of definitions that were kept before they were completed (`definition.py`).
_ONCE_DEFAULT = ("SUM", "COUNT")
# A `$` keeps the columns of measures away from those of dimensions.
ROW_COUNT = "count$"


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
    partitions = tuple(_partition(field) for field in body.get("partitionFields") or [])
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
        for kind in field.get("measureTypeList") or _ONCE_DEFAULT:
            name = kind.strip().upper()
            measure = Measure(field["name"], name, f"{name.lower()}${field['name']}")
            measures[measure.kept_as.lower()] = measure
    return Shape((), tuple(dimensions.values()), tuple(measures.values()), sort, partitions)


def _partition(field: dict[str, Any]) -> PartitionField:
    transform = field.get("transform") or {}
    argument = (transform.get("bucketTransform") or {}).get("bucketCount")
    argument = argument or (transform.get("truncateTransform") or {}).get("truncateLength")
    return PartitionField(field["name"], str(transform.get("type") or "IDENTITY").lower(), argument)
