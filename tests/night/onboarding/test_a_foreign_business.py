"""A business unknown to this repository, from `bin/source add` to gold that equals its source."""

from __future__ import annotations

import pytest

from testing.foreign_business import PASSWORD, TOKEN
from tests.night.onboarding.cafe_night import DATES, GOLD, MART, STAGED, Cafe, in_columns

pytestmark = pytest.mark.night

TABLES = (*GOLD, *STAGED, "takings")
LEFT_OUT = {"row_status", "cafe_order_items_key", "cafe_stock_key", "cafe_feedback_key", "takings_key"}
"""Columns that the lake adds: the source has no such thing."""
SCREEN = 24
"""Lines of a terminal as it opens."""
RENAMED = {"unit_cost": "cost"}
"""The source's column, and the one under which the models go on."""


def test_each_source_is_brought_in_by_one_command(brought_in: Cafe) -> None:
    for what in ("add the database", "add the files", "add the API", "make manifest"):
        assert brought_in.results[what].exit_code == 0, brought_in.results[what].output
    database = brought_in.results["add the database"].output
    assert "CREATE PUBLICATION" in database
    assert brought_in.business.dsn.split(":")[2].split("@")[0] not in database, "no password is shown"


def test_nothing_is_written_by_hand_but_one_mart(brought_in: Cafe) -> None:
    generated = brought_in.files["generated"]
    assert generated
    assert brought_in.files["with the mart"] - generated == {f"{MART}.sql", f"{MART}.yml"}
    outside = {name for name in generated if not name.startswith("include/")}
    assert outside <= {"airflow_settings.yaml", "docker/.env.example", "docker/docker-compose.yaml"}, outside
    assert not any(name.startswith(("dags/", "plugins/", "tests/")) for name in generated)


def test_a_table_named_like_the_shops_is_another_one(two_nights: Cafe) -> None:
    [shop] = two_nights.platform.shop("select count(*) from orders where deleted_at is null")
    [held] = two_nights.platform.over_flight("select count(*) as held from gold.orders").to_pylist()
    assert held["held"] == shop[0]
    assert len(two_nights.lake[DATES[1]]["orders"]) == 216


@pytest.mark.parametrize("date", DATES[:2])
@pytest.mark.parametrize("table", TABLES)
def test_gold_equals_the_source_after_a_night_beside_the_shop(
    two_nights: Cafe, date: str, table: str
) -> None:
    assert two_nights.results[date].exit_code == 0, two_nights.results[date].output[-4000:]
    _same(two_nights, date, table)


@pytest.mark.parametrize("table", TABLES)
def test_gold_equals_the_source_after_its_columns_changed_and_the_shop_went(
    night_alone: Cafe, table: str
) -> None:
    assert night_alone.results[DATES[2]].exit_code == 0, night_alone.results[DATES[2]].output[-4000:]
    _same(night_alone, DATES[2], table)


def test_check_says_on_one_screen_what_fits_and_what_to_type(night_alone: Cafe) -> None:
    after, changed = night_alone.results["check after"], night_alone.results["check changed"]
    assert after.exit_code == 0, after.output
    assert after.output.rstrip().endswith("everything fits")
    assert len(after.output.splitlines()) <= SCREEN
    assert changed.exit_code == 1, changed.output
    assert "cost is absent; unit_cost is new" in changed.output
    assert "bin/source add cafe --rename products.cost=unit_cost" in changed.output
    for told in (after, changed):
        assert PASSWORD not in told.output
        assert TOKEN not in told.output


def test_a_rerun_after_the_source_changed_touches_only_what_changed(night_alone: Cafe) -> None:
    added = night_alone.results["add what changed"]
    assert added.exit_code == 0, added.output
    assert "products" in added.output
    assert "unit_cost" in added.output
    assert night_alone.files["after the rerun"] - night_alone.files["before the rerun"] == set()


def test_the_shop_leaves_no_mention_in_the_night(night_alone: Cafe) -> None:
    removed = night_alone.results["remove the shop"]
    assert removed.exit_code == 0, removed.output
    output = night_alone.results[DATES[2]].output
    receipt = night_alone.platform.receipt(DATES[2])
    assert receipt["state"] == "success"
    assert "shop" not in str(receipt["stages"]).lower()
    assert "shop" not in output.lower().replace(str(night_alone.platform.home), "")
    assert not list(night_alone.platform.home.glob("include/airbyte/shop_*"))


def _same(cafe: Cafe, date: str, table: str) -> None:
    """Every row and every column of the source is in the lake with that value, and no row beside them."""
    held, source = cafe.lake[date][table], cafe.source[date][table]
    assert source
    source = [{RENAMED.get(name, name): value for name, value in row.items()} for row in source]
    shown = [name for name in held[0] if name not in LEFT_OUT]
    common = [name for name in source[0] if name in shown]
    assert set(common) >= set(source[0]) - {"deleted_at"}, f"the lake has only {shown}"
    assert in_columns(held, common) == in_columns(source, common)
