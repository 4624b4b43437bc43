"""What a refresh reads, when it runs, what it says of itself; and that nothing stale or half built serves."""

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from tests.support.engine_with_reflections import ReflectedEngine

from dremio_engine.errors import Conflict, EngineError
from dremio_engine.lake.connection import REFLECTION_SCHEMA
from dremio_engine.reflections.materialise import Materialiser
from dremio_engine.reflections.policy import RefreshPolicy, of_source, of_table

RAW = "alter table {} create raw reflection r using display (k, v)"
AGGREGATE = (
    "alter table {} create aggregate reflection r using dimensions (k) measures (v (sum, count, min, max))"
)


def table(engine: ReflectedEngine, name: str) -> str:
    """A table with three rows."""
    engine.run(
        f"create table gold.{name} (k int, v decimal(10, 2))",
        f"insert into gold.{name} values (1, 1.5), (1, null), (null, 2.5)",
    )
    return f"gold.{name}"


def last(engine: ReflectedEngine, reflection_id: str) -> str:
    """What the last refresh decided."""
    rows = engine.rows(
        f"select refresh_decision, state from sys.materializations where reflection_id = '{reflection_id}'"
    )
    return str(rows[-1][0])


CHANGES = (
    "insert into {} values (2, 9.00)",
    "merge into {} t using (select 1 as k, 5.25 as v) s on t.k = s.k when matched then update set v = s.v",
    "delete from {} where k is null",
    "alter table {} add columns (extra int)",
)


def test_the_very_next_query_after_a_change_does_not_use_what_was_kept(engine: ReflectedEngine) -> None:
    name = table(engine, "changing")
    made = engine.reflect(RAW.format(name))
    engine.reflect(AGGREGATE.format(name).replace("reflection r ", "reflection by_group "))
    queries = {
        "r": f"select k, v from {name}",
        "by_group": f"select k, sum(v), count(*) from {name} group by k",
    }
    for change in CHANGES:
        engine.run(change.format(name))
        assert [engine.used(sql) for sql in queries.values()] == [[], []]
        assert engine.status(made)["combinedStatus"] == "CANNOT_ACCELERATE_SCHEDULED"
        engine.refresh(name)
        for reflection, sql in queries.items():
            assert engine.used(sql) == [reflection]
            assert engine.is_same(sql)
    assert engine.status(made)["combinedStatus"] == "CAN_ACCELERATE"


@pytest.mark.parametrize("definition", [RAW, AGGREGATE])
def test_what_grew_is_the_same_as_what_was_built_anew(engine: ReflectedEngine, definition: str) -> None:
    name = table(engine, "growing" + ("raw" if definition == RAW else "aggregate"))
    made = engine.reflect(definition.format(name))
    sql = f"select k, sum(v), count(*), count(v), min(v), max(v) from {name} group by k"
    for number in range(2):
        engine.run(
            f"insert into {name} values (1, {number}), (null, null)",
            f"insert into {name} select k, v + 1 from {name} where k = 1",
        )
        engine.refresh(name)
        assert last(engine, made).startswith("Incremental Refresh.")
        assert engine.status(made)["refreshMethod"] == "INCREMENTAL"
        assert engine.used(sql) == ["r"]
        assert engine.is_same(sql)
    engine.run(f"delete from {name} where v = 1.5")
    engine.refresh(name)
    assert last(engine, made) == "Full Refresh. The table has had more than inserts."
    assert engine.is_same(sql)


def test_a_view_of_one_table_grows_with_it_and_a_join_is_built_anew(engine: ReflectedEngine) -> None:
    name = table(engine, "below")
    engine.run(
        f"create view space.filtered as select k, v * 2 as v from {name} where k is not null",
        f"create view space.paired as select a.k, b.v from {name} a join {name} b on a.k = b.k",
    )
    grown = engine.reflect(RAW.format("space.filtered").replace("alter table", "alter view"))
    joined = engine.reflect(RAW.format("space.paired").replace("alter table", "alter view"))
    engine.run(f"insert into {name} values (5, 5), (null, 6)")
    engine.refresh(name)
    assert last(engine, grown).startswith("Incremental Refresh.")
    assert last(engine, joined).startswith("Full Refresh.")
    for view in ("space.filtered", "space.paired"):
        assert engine.used(f"select k, v from {view}") == ["r"]
        assert engine.is_same(f"select k, v from {view}")


def test_a_refresh_without_changes_moves_the_time_and_keeps_the_table(engine: ReflectedEngine) -> None:
    name = table(engine, "still")
    made = engine.reflect(RAW.format(name))
    before, kept = engine.status(made), engine.engine.reflection_store.current(made)
    engine.refresh(name)
    after, again = engine.status(made), engine.engine.reflection_store.current(made)
    assert kept is not None
    assert again is not None
    assert after["lastDataFetch"] > before["lastDataFetch"]
    assert again.table == kept.table
    assert last(engine, made).startswith("No changes were detected")


def test_a_dropped_column_or_table_makes_the_reflection_invalid(engine: ReflectedEngine) -> None:
    name = table(engine, "losing")
    made = engine.reflect(RAW.format(name))
    engine.run(f"alter table {name} drop column v")
    assert engine.used(f"select k from {name}") == []
    engine.refresh(name)
    status = engine.status(made)
    assert (status["config"], status["combinedStatus"]) == ("INVALID", "INVALID")
    assert "[v]" in status["lastFailureMessage"]
    engine.run(f"drop table {name}", f"create table {name} as select 3 as k, 4 as v")
    assert engine.status(made)["combinedStatus"] == "INVALID"
    assert engine.used(f"select k, v from {name}") == []


def test_failures_are_tried_again_then_given_up_until_asked_for(
    engine: ReflectedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = table(engine, "failing")
    made = engine.reflect(AGGREGATE.format(name))
    refresher, store = engine.engine.refresher, engine.engine.reflection_store

    def fail(*_: object) -> None:
        raise EngineError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(Materialiser, "build", fail)
        for failures in (1, 2, 3):
            refresher.request(store.get(made), asked=False)
            engine.wait()
            status = engine.status(made)
            assert (status["failureCount"], status["lastFailureMessage"]) == (failures, "the disk is full")
            # What was kept is still exact, so it serves.
            assert status["combinedStatus"] == "CAN_ACCELERATE_WITH_FAILURES"
            later = [r.id for r in refresher.due(datetime.now(UTC) + timedelta(minutes=5))]
            assert (made in later) is (failures < 3)
            assert made not in [r.id for r in refresher.due(datetime.now(UTC))]
        assert status["refresh"] == "GIVEN_UP"
        engine.run(f"insert into {name} values (8, 8)")
        assert engine.status(made)["combinedStatus"] == "FAILED"
    engine.refresh(name)
    assert engine.status(made)["combinedStatus"] == "CAN_ACCELERATE"
    assert engine.status(made)["failureCount"] == 0


def test_policies_say_when_a_reflection_is_due(engine: ReflectedEngine) -> None:
    name = table(engine, "scheduled")
    made = engine.reflect(RAW.format(name))
    reflections = engine.services.reflections
    dataset = reflections.get(made).dataset_id

    def due(**after: int) -> bool:
        return made in [r.id for r in engine.engine.refresher.due(datetime.now(UTC) + timedelta(**after))]

    assert (due(minutes=59), due(minutes=61)) == (False, True)
    assert engine.status(made)["refresh"] == "SCHEDULED"
    reflections.set_policy(dataset, {"activePolicyType": "PERIOD", "refreshPeriodMs": 60_000})
    assert due(seconds=61)
    reflections.set_policy(dataset, {"activePolicyType": "NEVER"})
    assert not due(days=9)
    assert engine.status(made)["refresh"] == "MANUAL"
    reflections.set_policy(dataset, {"activePolicyType": "REFRESH_ON_DATA_CHANGES"})
    assert not due(days=9)
    engine.run(f"insert into {name} values (8, 8)")
    assert due()
    assert engine.status(made)["refresh"] == "ON_DATA_CHANGES"
    reflections.set_policy(dataset, {"activePolicyType": "PERIOD", "gracePeriodMs": 1})
    engine.refresh(name)
    assert engine.status(made)["availability"] == "EXPIRED"
    assert engine.used(f"select k from {name}") == []


def test_policies_of_sources_and_tables_are_read_as_dremio_writes_them() -> None:
    assert of_source({}) == RefreshPolicy(3_600_000, 10_800_000, False)
    assert of_source({"accelerationNeverRefresh": True, "accelerationNeverExpire": True}) == RefreshPolicy(
        None, None, False
    )
    assert of_table({"refreshPeriodMs": 5, "gracePeriodMs": 7}) == RefreshPolicy(5, 7, False)
    assert RefreshPolicy(5, None).merged(RefreshPolicy(None, 7, True)) == RefreshPolicy(5, 7, True)
    for wrong in ({"activePolicyType": "SCHEDULE"}, {"activePolicyType": "?"}, {"refreshPeriodMs": 0}):
        with pytest.raises(EngineError):
            of_table(wrong)


def test_an_old_tag_conflicts_and_a_changed_definition_serves_no_more(engine: ReflectedEngine) -> None:
    name = table(engine, "tagged")
    made = engine.services.reflections.get(engine.reflect(RAW.format(name)))
    changed = engine.services.reflections.change(
        made.id, {**made.body, "tag": made.tag, "displayFields": [{"name": "k"}]}
    )
    with pytest.raises(Conflict):
        engine.services.reflections.change(made.id, {**made.body, "tag": made.tag})
    engine.wait()
    assert engine.used(f"select v from {name}") == []
    assert engine.used(f"select k from {name}") == ["r"]
    engine.services.reflections.change(made.id, {**changed.body, "tag": changed.tag, "enabled": False})
    assert engine.status(made.id)["combinedStatus"] == "DISABLED"
    assert engine.used(f"select k from {name}") == []


def test_system_tables_show_reflections_and_their_refreshes(engine: ReflectedEngine) -> None:
    name = table(engine, "shown")
    made = engine.reflect(AGGREGATE.format(name))
    engine.run(f"select k, sum(v) from {name} group by k")
    of_it = f"where reflection_id = '{made}'"
    assert engine.rows(
        "select status, refresh_status, acceleration_status, record_count, refresh_method, dimensions,"
        f" measures, dataset_name, accelerated_count from sys.reflections {of_it}"
    ) == [("CAN_ACCELERATE", "SCHEDULED", "AVAILABLE", 2, "FULL", "k", "v", name, 1)]
    assert engine.rows(f"select state, is_stale, failure_msg from sys.materializations {of_it}") == [
        ("DONE", False, "NONE")
    ]
    assert engine.rows(f"select output_records from sys.refreshes {of_it}") == [(2,)]
    assert engine.rows(f"select dependency_path from sys.reflection_dependencies {of_it}") == [
        ("[gold, shown]",)
    ]


def test_every_answer_is_one_of_a_committed_version_while_rows_come_and_reflections_are_refreshed(
    engine: ReflectedEngine,
) -> None:
    """Each commit adds a pair of rows whose values cancel: no other sum than 0 was ever committed."""
    engine.run(
        "create table gold.pairs (k int, v decimal(10, 2))", "insert into gold.pairs values (1, 1), (1, -1)"
    )
    engine.reflect(AGGREGATE.format("gold.pairs"))
    stop, wrong, accelerated = threading.Event(), [], []

    def read() -> None:
        while not stop.is_set():
            outcome = engine.outcome("select sum(v) as s, count(*) as n, count(v) as c from gold.pairs")
            (row,) = outcome.table.to_pylist()
            accelerated.extend(r for r in outcome.relationships if r.relationship == "CHOSEN")
            if row["s"] != Decimal(0) or row["n"] % 2 or row["n"] != row["c"]:
                wrong.append(row)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(6):
        change = (
            "insert into gold.pairs values ({0}, {0}), ({0}, -{0})"
            if number % 3
            else "update gold.pairs set k = {0}"
        )
        engine.run(change.format(number))
        engine.refresh("gold.pairs")
    stop.set()
    for reader in readers:
        reader.join(30)
    assert not wrong
    assert accelerated


def test_a_table_that_no_reflection_owns_and_files_of_none_are_swept_at_the_start(tmp_path: Path) -> None:
    first = ReflectedEngine(tmp_path)
    name = table(first, "swept")
    made = first.reflect(RAW.format(name))
    kept = first.engine.reflection_store.current(made)
    first.engine.reflection_store.retire(made)
    assert kept is not None
    assert kept.table is not None
    folder = Path(first.services.lake.folder_of(REFLECTION_SCHEMA))
    first.close()
    (folder / "half.parquet").write_bytes(b"PAR1")
    second = ReflectedEngine(tmp_path)
    assert (REFLECTION_SCHEMA, kept.table) not in second.services.lake.tables()
    assert not (folder / "half.parquet").exists()
    second.refresh(name)
    assert second.used(f"select k, v from {name}") == ["r"]
    second.close()
