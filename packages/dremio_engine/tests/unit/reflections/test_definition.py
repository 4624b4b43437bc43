"""What a definition sent by REST or SQL comes to, and what is refused.

Dremio's own classes: Reflection, ReflectionExpander, ReflectionValidator of dremio-oss 25.2.
"""

from typing import Any

import pytest
from tests.support.engine_with_reflections import ReflectedEngine

from dremio_engine.errors import EngineError
from dremio_engine.reflections.definition import SQL_MEASURES, completed

COLUMNS = [
    ("ts", "TIMESTAMP"),
    ("day", "DATE"),
    ("Region", "VARCHAR"),
    ("amount", "DECIMAL(12,2)"),
    ("flag", "BOOLEAN"),
    ("tags", "VARCHAR[]"),
    ("place", "STRUCT(x INTEGER)"),
]
AGGREGATION: dict[str, Any] = {
    "type": "AGGREGATION",
    "name": "r",
    "datasetId": "d",
    "enabled": True,
    "dimensionFields": [{"name": "ts"}, {"name": "region"}],
}
RAW: dict[str, Any] = {**AGGREGATION, "type": "RAW", "displayFields": [{"name": "tags"}]}
del RAW["dimensionFields"]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [({}, "DATE"), ({"granularity": None}, "DATE"), ({"granularity": "DATE"}, "DATE"),
     ({"granularity": "NORMAL"}, "NORMAL")],
)  # fmt: skip
def test_a_dimension_without_granularity_is_one_by_date(sent: dict[str, Any], kept: str) -> None:
    fields = [{"name": name, **sent} for name in ("ts", "day", "Region")]
    found = completed({**AGGREGATION, "dimensionFields": fields}, COLUMNS)
    assert found["dimensionFields"] == [
        {"name": "ts", "granularity": kept},
        {"name": "day", "granularity": kept},
        {"name": "Region", "granularity": kept},
    ]


@pytest.mark.parametrize(
    ("column", "sent", "by_rest", "by_sql"),
    [
        ("amount", None, ["COUNT", "MAX", "MIN", "SUM"], ["SUM", "COUNT"]),
        ("amount", [], ["COUNT", "MAX", "MIN", "SUM"], ["SUM", "COUNT"]),
        ("region", None, ["COUNT", "MAX", "MIN"], ["COUNT"]),
        ("ts", None, ["COUNT", "MAX", "MIN"], ["COUNT"]),
        ("flag", ["MIN"], ["MIN"], ["MIN"]),
        ("region", ["APPROX_COUNT_DISTINCT"], ["APPROX_COUNT_DISTINCT"], ["APPROX_COUNT_DISTINCT"]),
        ("region", ["APPROXIMATE_COUNT_DISTINCT"], ["APPROX_COUNT_DISTINCT"], ["APPROX_COUNT_DISTINCT"]),
    ],
)
def test_a_measure_without_kinds_has_those_its_type_allows(
    column: str, sent: list[str] | None, by_rest: list[str], by_sql: list[str]
) -> None:
    body = {**AGGREGATION, "measureFields": [{"name": column, "measureTypeList": sent}]}
    assert completed(body, COLUMNS)["measureFields"] == [{"name": column, "measureTypeList": by_rest}]
    assert completed(body, COLUMNS, SQL_MEASURES)["measureFields"][0]["measureTypeList"] == by_sql


def test_empty_lists_and_unknown_fields_are_not_kept() -> None:
    body = {
        **AGGREGATION,
        "sortFields": [],
        "measureFields": [],
        "dateFields": [{"name": "ts"}],
        "canView": 1,
    }
    assert set(completed(body, COLUMNS)) == {"type", "name", "datasetId", "enabled", "dimensionFields"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"enabled": None}, "Reflections must have the enabled field set"),
        ({"name": " "}, "needs a name"),
        ({"type": "EXTERNAL"}, r"Reflection type \[EXTERNAL\]"),
        ({"dimensionFields": []}, "needs dimensionFields or measureFields"),
        ({"dimensionFields": [{"name": "nothing"}]}, r"field name \[nothing\] that does not exist"),
        ({"dimensionFields": ["ts"]}, "does not exist"),
        ({"dimensionFields": [{"name": "tags"}]}, r"field \[tags\] of type list, map or union"),
        ({"dimensionFields": [{"name": "ts", "granularity": "date"}]}, r"dimensionFields\[0\].granularity"),
        ({"measureFields": [{"name": "place"}]}, r"field \[place\] of type list, map or union"),
        ({"measureFields": [{"name": "region", "measureTypeList": ["SUM"]}]}, "invalid for the field region"),
        ({"measureFields": [{"name": "amount", "measureTypeList": ["AVG"]}]}, r"Measure type \[AVG\]"),
        ({"sortFields": [{"name": "day"}]}, "is not kept"),
        ({"displayFields": [{"name": "ts"}]}, "cannot have displayFields"),
    ],
)
def test_a_definition_that_does_not_hold_is_refused_by_what_is_wrong(
    change: dict[str, Any], words: str
) -> None:
    with pytest.raises(EngineError, match=words) as raised:
        completed({**AGGREGATION, **change}, COLUMNS)
    assert raised.value.status == 400


def test_a_raw_reflection_keeps_lists_and_has_no_dimensions() -> None:
    assert completed(RAW, COLUMNS)["displayFields"] == [{"name": "tags"}]
    with pytest.raises(EngineError, match="cannot have dimensionFields"):
        completed({**RAW, "dimensionFields": [{"name": "ts"}]}, COLUMNS)


# -- what is built of it ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def moments(engine: ReflectedEngine) -> str:
    """The id of a table of three moments of two days."""
    engine.run(
        "create table gold.moments as select * from (values"
        " (timestamp '2025-10-16 10:00:00', 'a', 1), (timestamp '2025-10-16 11:00:00', 'a', 2),"
        " (timestamp '2025-10-17 10:00:00', 'b', 4)) as t(ts, place, n)"
    )
    return engine.services.inventory.dataset_id(("gold", "moments"))


def by_rest(engine: ReflectedEngine, dataset: str, name: str, **fields: Any) -> str:
    made = engine.services.reflections.create(
        {"type": "AGGREGATION", "name": name, "datasetId": dataset, "enabled": True, **fields}
    )
    engine.wait()
    return made.id


@pytest.mark.parametrize(("granularity", "rows"), [(None, 2), ("DATE", 2), ("NORMAL", 3)])
def test_a_timestamp_is_kept_by_its_day_unless_it_is_normal(
    engine: ReflectedEngine, moments: str, granularity: str | None, rows: int
) -> None:
    field = {"name": "ts"} | ({"granularity": granularity} if granularity else {})
    made = by_rest(
        engine, moments, f"by_{granularity}", dimensionFields=[field], measureFields=[{"name": "n"}]
    )
    shown = engine.services.reflections.show(engine.services.reflections.get(made))
    assert shown.rows == rows
    by_day = "select cast(ts as date) as d, sum(n) as s from gold.moments group by cast(ts as date)"
    by_moment = "select ts, sum(n) as s from gold.moments group by ts"
    assert engine.used(by_day) == [f"by_{granularity}"]
    assert engine.used(by_moment) == ([f"by_{granularity}"] if rows == 3 else [])
    assert engine.is_same(by_day)
    assert engine.is_same(by_moment)
    engine.services.reflections.delete(made)


@pytest.mark.parametrize(
    "transform",
    [
        {"type": "IDENTITY"},
        {"type": "MONTH"},
        {"type": "BUCKET", "bucketTransform": {"bucketCount": 5}},
        {"type": "TRUNCATE", "truncateTransform": {"truncateLength": 2}},
    ],
)
def test_a_partition_changes_no_answer_whatever_its_transform(
    engine: ReflectedEngine, moments: str, transform: dict[str, Any]
) -> None:
    column = "ts" if transform["type"] == "MONTH" else "place"
    made = by_rest(
        engine,
        moments,
        f"cut_{transform['type']}",
        dimensionFields=[{"name": "ts"}, {"name": "place"}],
        partitionFields=[{"name": column, "transform": transform}],
    )
    assert engine.status(made)["combinedStatus"] == "CAN_ACCELERATE"
    assert engine.used("select place, count(*) from gold.moments group by place") == [
        f"cut_{transform['type']}"
    ]
    assert engine.is_same("select place, count(*) from gold.moments group by place")
    engine.services.reflections.delete(made)


def test_sql_says_by_day_and_counts_its_buckets(engine: ReflectedEngine, moments: str) -> None:
    made = engine.reflect(
        "alter table gold.moments create aggregate reflection told using dimensions (ts by day, place)"
        " measures (n, place) partition by (bucket(3, place))"
    )
    body = engine.services.reflections.get(made).body
    assert body["dimensionFields"] == [
        {"name": "ts", "granularity": "DATE"},
        {"name": "place", "granularity": "NORMAL"},
    ]
    assert body["measureFields"] == [
        {"name": "n", "measureTypeList": ["SUM", "COUNT"]},
        {"name": "place", "measureTypeList": ["COUNT"]},
    ]
    assert body["partitionFields"] == [
        {"name": "place", "transform": {"type": "BUCKET", "bucketTransform": {"bucketCount": 3}}}
    ]
    assert engine.status(made)["combinedStatus"] == "CAN_ACCELERATE"
    engine.services.reflections.delete(made)


@pytest.mark.parametrize(
    "cut",
    [
        "limit 2",
        "order by n limit 2",
        "limit 2 offset 1",
        "offset 1 rows",
        "fetch first 2 rows only",
        "limit 0",
    ],
)
def test_a_view_that_cuts_rows_off_is_kept_refreshed_and_answers(
    engine: ReflectedEngine, moments: str, cut: str
) -> None:
    """Which rows stay is open without an order: those of the last refresh are one of the right answers."""
    view = "space." + "".join(c if c.isalnum() else "_" for c in cut)
    engine.run(f"create view {view} as select ts, place, n from gold.moments {cut}")
    made = engine.reflect(f"alter view {view} create raw reflection cut using display (ts, place, n)")
    assert engine.status(made)["combinedStatus"] == "CAN_ACCELERATE"
    rows = engine.rows(f"select ts, place, n from {view}")
    assert engine.used(f"select ts, place, n from {view}") == ["cut"]
    assert len(rows) == (0 if cut == "limit 0" else 2)
    assert set(rows) <= set(engine.rows("select /*+ no_reflections */ ts, place, n from gold.moments"))
    engine.run("insert into gold.moments values (timestamp '2025-10-18 00:00:00', 'c', 0)")
    engine.refresh(view)
    assert engine.status(made)["combinedStatus"] == "CAN_ACCELERATE"
    if cut == "order by n limit 2":
        assert engine.rows(f"select min(n) from {view}") == [(0,)]
    engine.run(f"drop view {view}", "delete from gold.moments where n = 0")
    engine.services.reflections.delete(made)


def test_a_view_above_one_that_cuts_rows_off_is_kept_too(engine: ReflectedEngine, moments: str) -> None:
    engine.run(
        "create view space.first_rows as select place, n from gold.moments limit 2",
        "create view space.above_first as select place, n + 1 as more from space.first_rows",
    )
    made = engine.reflect("alter view space.above_first create raw reflection a using display (place, more)")
    assert engine.status(made)["combinedStatus"] == "CAN_ACCELERATE"
    assert engine.rows("select count(*) from space.above_first") == [(2,)]
    engine.services.reflections.delete(made)
