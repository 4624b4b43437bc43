"""A run's business date comes from its receipt."""

from __future__ import annotations

from lakehouse.observe.logs.run_dates import RunDates
from lakehouse.platform.connections import DirectPostgres
from lakehouse.platform.database import transaction

RUN = {"stage": "load_bronze", "run_id": "asset_triggered__of_these_tests"}


def test_a_run_has_the_date_of_its_receipt_once_that_is_written(postgres: DirectPostgres) -> None:
    stages = frozenset({"load_bronze"})
    waiting = RunDates(postgres, stages)
    assert waiting.of(RUN) == {}
    assert waiting.is_expected(RUN)
    with transaction(postgres) as cursor:
        cursor.execute(
            "insert into night_receipts (business_date, stage, run_id, task_id, map_index, state, attempts,"
            " started_at, emits_asset) values ('2019-10-16', %(stage)s, %(run_id)s, 'load', -1, 'running', 1,"
            " now(), false)",
            RUN,
        )
    try:
        dates = RunDates(postgres, stages)
        assert dates.of({**RUN, "task": "any"}) == {"business_date": "2019-10-16"}
        assert not dates.is_expected(RUN)
    finally:
        with transaction(postgres) as cursor:
            cursor.execute("delete from night_receipts where run_id = %(run_id)s", RUN)
