"""The edge moves when a night has published gold: what the ledgers say of nights, and what queries see."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from lakehouse.dremio.errors import DremioError
from lakehouse.platform.sql_files import read_sql
from lakehouse.stream.edge import Edge
from lakehouse.stream.edge_position import BEFORE_ALL, NOWHERE, Position
from lakehouse.stream.hot import HotTables
from testing.lakehouse.hot_engine import HotEngine
from tests.stream.hot.conftest import InSchema
from tests.stream.hot.test_serving_views import GOLD

D15, D16, D17, D18 = (date(2025, 10, day) for day in (15, 16, 17, 18))
STAGES = (
    "extract_postgres",
    "load_bronze",
    "transform_staging",
    "transform_intermediate",
    "transform_marts",
    "test_data_quality",
)


class Nights:
    """What nights leave in the platform's database."""

    def __init__(self, postgres: InSchema) -> None:
        self.postgres = postgres
        self.clock = datetime(2025, 10, 16, 1, 0, tzinfo=UTC)
        self.jobs = 0

    def extract(self, night: date, lsn: int | None, run: str = "scheduled") -> None:
        """The night's sync has been claimed; its log position was noted, unless it is None."""
        self.jobs += 1
        self.clock += timedelta(minutes=10)
        job = str(self.jobs)
        if lsn is not None:
            self.postgres.run(
                "insert into source_positions (source, job_id, business_date, lsn, recorded_at)"
                " values ('postgres', %s, %s, %s, %s)",
                (job, night, lsn, self.clock),
            )
        self.postgres.run(
            "insert into landing_syncs as kept (source, business_date, job_id, jobs, rows_emitted, bytes,"
            " per_stream, completed_at) values ('postgres', %s, %s, '{}', 1, 1, '{}', %s)"
            " on conflict (source, business_date) do update"
            " set job_id = excluded.job_id, completed_at = excluded.completed_at",
            (night, job, self.clock),
        )
        report = {"external_jobs": [{"system": "airbyte", "id": job, "url": ""}]}
        self.stage(night, "extract_postgres", "success", run, report)

    def stage(
        self, night: date, stage: str, state: str = "success", run: str = "scheduled", report: object = None
    ) -> None:
        """A stage's last task has ended."""
        self.clock += timedelta(seconds=10)
        self.postgres.run(
            "insert into night_receipts as kept (business_date, stage, run_id, task_id, map_index, state,"
            " attempts, started_at, ended_at, emits_asset, report)"
            " values (%s, %s, %s, 'last', -1, %s, 1, %s, %s, true, %s)"
            " on conflict (business_date, stage, run_id, task_id, map_index) do update"
            " set state = excluded.state, ended_at = excluded.ended_at, report = excluded.report",
            (night, stage, run, state, self.clock, self.clock, json.dumps(report) if report else None),
        )

    def publish(self, night: date, run: str = "scheduled", until: str = STAGES[-1]) -> None:
        """The stages after the extract succeed, up to this one."""
        for stage in STAGES[1 : STAGES.index(until) + 1]:
            self.stage(night, stage, run=run)

    def night(self, night: date, lsn: int | None) -> None:
        """A whole night."""
        self.extract(night, lsn)
        self.publish(night)


@pytest.fixture
def nights(postgres: InSchema, engine: HotEngine, hot: HotTables) -> Iterator[Nights]:
    """No night yet, and the edge before all."""
    yield Nights(postgres)
    for table in ("night_receipts", "landing_syncs", "source_positions", "published_claims", "serving_edge"):
        postgres.run(f"delete from {table}")
    engine.run("update lake_hot.edge set business_date = date '1970-01-01', source_lsn = 0")


@pytest.fixture
def edge(engine: HotEngine, postgres: InSchema, hot: HotTables) -> Edge:
    return Edge(engine.client, postgres)


def place(position: Position) -> tuple[date, int, date | None]:
    return position.business_date, position.source_lsn, position.held_by


def shown(engine: HotEngine) -> tuple[str, int]:
    """The edge as queries see it."""
    [row] = engine.rows("select cast(business_date as varchar) as placed, source_lsn from hot.edge")
    return row["placed"], row["source_lsn"]


def test_before_any_night_there_is_no_edge(nights: Nights, edge: Edge, engine: HotEngine) -> None:
    assert edge.advance() == edge.current() == NOWHERE
    assert shown(engine) == (BEFORE_ALL.isoformat(), 0)


def test_it_moves_with_the_night_that_publishes_and_not_before(
    nights: Nights, edge: Edge, engine: HotEngine
) -> None:
    nights.extract(D15, 100)
    assert place(edge.advance()) == (BEFORE_ALL, 0, D15)
    nights.publish(D15, until="transform_marts")
    assert place(edge.advance()) == (BEFORE_ALL, 0, D15)
    nights.stage(D15, "test_data_quality", "failed")
    assert place(edge.advance()) == (BEFORE_ALL, 0, D15)
    nights.stage(D15, "test_data_quality")
    moved = edge.advance()
    assert place(moved) == (D16, 100, None)
    assert moved.moved_at is not None
    assert place(edge.current()) == (D16, 100, None)
    assert shown(engine) == ("2025-10-16", 100)


def test_asked_again_it_does_not_move(nights: Nights, edge: Edge, postgres: InSchema) -> None:
    nights.night(D15, 100)
    first = edge.advance()
    assert edge.advance() == edge.current() == first
    assert postgres.run("select count(*) from serving_edge") == [(1,)]


def test_a_night_that_fails_holds_the_edge_until_it_has_published(nights: Nights, edge: Edge) -> None:
    nights.night(D15, 100)
    nights.extract(D16, 200)
    nights.publish(D16, until="transform_staging")
    nights.night(D17, 300)
    assert place(edge.advance()) == (D16, 100, D16)
    nights.publish(D16, run="cleared")
    assert place(edge.advance()) == (D18, 300, None)


def test_a_replay_that_fails_takes_nothing_back(nights: Nights, edge: Edge) -> None:
    nights.night(D15, 100)
    nights.night(D16, 200)
    edge.advance()
    nights.stage(D15, "load_bronze", run="replay")
    nights.stage(D15, "transform_staging", "failed", run="replay")
    assert place(edge.advance()) == (D17, 200, None)
    nights.night(D17, 300)
    assert place(edge.advance()) == (D18, 300, None)


def test_a_forced_sync_counts_once_gold_has_it(nights: Nights, edge: Edge) -> None:
    nights.night(D15, 100)
    nights.night(D16, 200)
    edge.advance()
    nights.extract(D16, 250, run="forced")
    assert place(edge.advance()) == (D17, 200, D16)
    nights.publish(D16, run="forced")
    assert place(edge.advance()) == (D17, 250, None)


def test_stages_that_ran_before_the_forced_sync_do_not_count_for_it(nights: Nights, edge: Edge) -> None:
    nights.night(D15, 100)
    nights.extract(D15, 150, run="forced")
    nights.stage(D15, "test_data_quality", run="by hand")
    assert place(edge.advance()) == (BEFORE_ALL, 0, D15), "published again, but bronze was not loaded again"


def test_a_stage_that_was_cleared_counts_by_its_end(nights: Nights, edge: Edge) -> None:
    """Cleared, a run keeps its first start: load_bronze failed, the source was fixed and synced again."""
    nights.extract(D15, 100)
    nights.stage(D15, "load_bronze", "failed")
    nights.extract(D15, 150, run="forced")
    nights.publish(D15)
    assert place(edge.advance()) == (D16, 150, None)


def test_a_backfilled_date_holds_the_position_until_it_is_published(nights: Nights, edge: Edge) -> None:
    nights.night(D16, 200)
    nights.extract(date(2020, 1, 1), 260)
    nights.night(D17, 300)
    assert place(edge.advance()) == (BEFORE_ALL, 200, date(2020, 1, 1))
    nights.publish(date(2020, 1, 1))
    assert place(edge.advance()) == (D18, 300, None)


def test_a_job_that_began_before_the_position_was_read_moves_the_date_alone(
    nights: Nights, edge: Edge
) -> None:
    nights.night(D15, 100)
    nights.night(D16, None)
    assert place(edge.advance()) == (D17, 100, None)


def test_claims_of_before_there_were_receipts_hold_nothing(
    nights: Nights, edge: Edge, postgres: InSchema
) -> None:
    nights.night(D15, None)
    postgres.run("delete from night_receipts")
    nights.night(D16, 200)
    assert place(edge.advance()) == (D17, 200, None)


def test_given_back_claims_make_what_was_noted_since_worth_nothing(
    nights: Nights, edge: Edge, postgres: InSchema
) -> None:
    nights.extract(D15, 100)
    nights.night(D16, 200)
    values = {"source": "postgres", "business_date": D15}
    for statement in ("delete_landing_sync", "delete_source_positions"):
        postgres.run(read_sql(f"postgres/landing/{statement}.sql"), values)
    assert place(edge.advance()) == (D17, 0, None), (
        "D15's rows are in no gold, and D16's position is after them"
    )
    nights.night(D17, 300)
    assert place(edge.advance()) == (D18, 300, None), "the next night has claimed them"


def test_other_sources_nights_do_not_move_it(nights: Nights, edge: Edge, postgres: InSchema) -> None:
    nights.night(D15, 100)
    postgres.run("update landing_syncs set source = 'postgres_cdc'")
    assert place(edge.advance()) == (BEFORE_ALL, 0, None)


def test_an_engine_that_is_away_leaves_the_edge_where_it_is(
    nights: Nights, edge: Edge, engine: HotEngine, postgres: InSchema, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have moved in Dremio alone, when the answer was lost: the next call moves the rest."""
    nights.night(D15, 100)
    run = engine.client.run

    def lose_the_answer(sql: str, timeout: float = 300.0) -> object:
        run(sql, timeout)
        raise DremioError("the answer was lost")

    with monkeypatch.context() as patched:
        patched.setattr(engine.client, "run", lose_the_answer)
        with pytest.raises(DremioError):
            edge.advance()
    assert edge.current() == NOWHERE
    assert place(edge.advance()) == (D16, 100, None)
    assert shown(engine) == ("2025-10-16", 100)


def test_the_views_show_gold_before_the_edge_says_that_it_has_rows(
    nights: Nights, edge: Edge, engine: HotEngine
) -> None:
    """The first night creates gold.orders; until then the view cannot name it."""
    engine.run(GOLD)
    engine.run(
        "insert into gold.orders values (1, 7, 3, date '2025-10-15', 1, 10, 'completed',"
        " timestamp '2025-10-15 10:00:00', timestamp '2025-10-15 10:00:00')"
    )
    assert engine.rows("select * from serving.orders") == []
    nights.night(D15, 100)
    edge.advance()
    assert [row["side"] for row in engine.rows("select side from serving.orders")] == ["cold"]
