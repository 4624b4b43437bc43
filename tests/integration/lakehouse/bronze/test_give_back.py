"""A date that took rows which it never loaded: it is named, and gives them back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest

from lakehouse.bronze.__main__ import main
from lakehouse.bronze.give_back import ClaimReturns, GiveBackRefusedError
from lakehouse.bronze.unloaded_claims import unloaded_claims
from lakehouse.landing.ledger_rows import LandingIncompleteError
from lakehouse.platform.database import Lock, exclusively
from tests.integration.lakehouse.bronze.night_rows import order

Land = Callable[..., str]
MISTYPED, MEANT, NEXT = date(2015, 3, 1), date(2025, 3, 1), date(2025, 3, 2)
TABLES = ("landing_files", "landing_syncs", "landing_jobs", "landing_daytime_syncs", "bronze_loads")


@pytest.fixture
def returns(lake: Any) -> ClaimReturns:
    return ClaimReturns(lake.postgres, lake.storage)


@pytest.fixture(autouse=True)
def nothing_left(lake: Any) -> Iterator[None]:
    """Each test begins and ends without a trace of these dates."""
    before = {item.key for item in lake.storage.objects("bronze/")}
    yield
    for item in list(lake.storage.objects("bronze/")):
        if item.key not in before:
            lake.storage.delete(item.key)
    for day in (MISTYPED, MEANT, NEXT):
        for table in TABLES:
            lake.postgres.execute(f"delete from {table} where business_date = '{day}'")
    lake.postgres.execute("delete from landing_daytime_syncs where business_date is null")


@pytest.fixture
def mistyped(lake: Any, land_file: Land) -> list[str]:
    """Two orders that a mistyped date has taken, as its extract does: kept for it, then claimed."""
    lake.ledger.keep_for("postgres", MISTYPED, 301)
    rows = [order(1, MEANT), order(2, MEANT)]
    key = land_file("postgres", "orders", "2025_03_01_301_0", rows, sync_id=301)
    lake.ledger.claim("postgres", MISTYPED, 301, 2)
    return [key]


def held(lake: Any) -> list[tuple[str, date, int, bool]]:
    return [
        (claim.stream, claim.business_date, claim.rows, claim.rejected)
        for claim in unloaded_claims(lake.postgres)
        if claim.business_date in (MISTYPED, MEANT, NEXT)
    ]


def test_the_rows_go_to_the_next_extract_which_answers_for_them(
    lake: Any, returns: ClaimReturns, mistyped: list[str]
) -> None:
    assert held(lake) == [("orders", MISTYPED, 2, False)]
    [given] = returns.give_back(MISTYPED)
    assert (given.source, given.claim.rows) == ("postgres", 2)
    assert not lake.ledger.is_complete("postgres", MISTYPED)
    assert held(lake) == []

    # Nothing waits for the mistyped date any more, though its run began a moment ago.
    claimed = lake.ledger.claim("postgres", MEANT, 302, 0)
    assert claimed.rows == 2
    assert [file.key for file in lake.ledger.files("postgres", "orders", MEANT)] == mistyped
    jobs = "select jobs from landing_syncs where business_date = '2025-03-01'"
    assert lake.postgres.rows(jobs) == [({"301": 2, "302": 0},)]
    loaded = lake.loader("orders").load(MEANT, "test")
    assert (loaded.load.rows_in, loaded.load.rows_loaded) == (2, 2)
    assert held(lake) == []


def test_an_object_that_is_gone_meanwhile_is_missed_by_the_next_claim(
    lake: Any, returns: ClaimReturns, mistyped: list[str]
) -> None:
    returns.give_back(MISTYPED)
    lake.storage.delete(mistyped[0])
    with pytest.raises(LandingIncompleteError, match="2 rows were committed"):
        lake.ledger.claim("postgres", MEANT, 302, 0)


def test_a_date_that_has_been_extracted_can_have_them_at_once(
    lake: Any, returns: ClaimReturns, mistyped: list[str]
) -> None:
    with pytest.raises(GiveBackRefusedError, match=r"2025-03-01 has had no sync of postgres: leave out --to"):
        returns.give_back(MISTYPED, to=MEANT)
    lake.ledger.claim("postgres", MEANT, 302, 0)
    returns.give_back(MISTYPED, to=MEANT)
    assert lake.ledger.report("postgres", MEANT).rows == 2
    assert held(lake) == [("orders", MEANT, 2, False)]
    lake.loader("orders").load(MEANT, "test")
    assert held(lake) == []


def test_rows_that_came_after_the_load_are_named_as_well(
    lake: Any, returns: ClaimReturns, mistyped: list[str], land_file: Land
) -> None:
    returns.give_back(MISTYPED)
    lake.ledger.claim("postgres", MEANT, 302, 0)
    lake.loader("orders").load(MEANT, "test")
    land_file("postgres", "orders", "2025_03_01_303_0", [order(3, MEANT)], sync_id=303)
    lake.ledger.claim("postgres", MEANT, 303, 1)
    assert held(lake) == [("orders", MEANT, 1, False)]


def test_a_load_names_what_another_date_holds_and_publishes_nothing_of_it(
    lake: Any, mistyped: list[str]
) -> None:
    lake.postgres.execute("delete from landing_syncs where business_date > '2025-03-01'")
    lake.ledger.claim("postgres", MEANT, 302, 0)
    loaded = lake.loader("orders").load(MEANT, "test")
    assert loaded.load.explanation == "its changes arrived with the sync of 2015-03-01"
    [told] = [sentence for sentence in loaded.not_loaded if "2015-03-01" in sentence]
    assert told == (
        "2 rows (2 of postgres.orders) claimed for 2015-03-01 are not in bronze: run load_bronze for "
        "2015-03-01, or, if nobody meant that date, give its rows back: bin/bronze give-back 2015-03-01"
    )


def test_a_date_that_is_in_bronze_keeps_its_rows(
    lake: Any, returns: ClaimReturns, mistyped: list[str]
) -> None:
    lake.loader("orders").load(MISTYPED, "test")
    with pytest.raises(GiveBackRefusedError, match=r"2015-03-01 is in bronze already \(orders of postgres\)"):
        returns.give_back(MISTYPED)
    lake.postgres.execute("update bronze_loads set state = 'rejected'")  # a later load was
    with pytest.raises(GiveBackRefusedError, match="is in bronze already"):
        returns.give_back(MISTYPED)
    assert lake.ledger.report("postgres", MISTYPED).rows == 2


def test_a_date_that_is_being_loaded_keeps_its_rows(
    lake: Any, returns: ClaimReturns, mistyped: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lakehouse.bronze.give_back.WAIT_SECONDS", 1)
    with (
        exclusively(lake.postgres, Lock("bronze load", f"postgres.orders {MISTYPED}"), "load", 1),
        pytest.raises(GiveBackRefusedError, match=r"2015-03-01 is being loaded: postgres\.orders"),
    ):
        returns.give_back(MISTYPED)
    assert lake.ledger.report("postgres", MISTYPED).rows == 2


def test_nothing_to_give_back_is_said_by_name(returns: ClaimReturns, mistyped: list[str]) -> None:
    with pytest.raises(
        GiveBackRefusedError, match="2025-03-02 has claimed nothing: see `bin/bronze unloaded`"
    ):
        returns.give_back(NEXT)
    with pytest.raises(GiveBackRefusedError, match=r"nothing of api; it holds rows of: postgres"):
        returns.give_back(MISTYPED, ["api"])


def test_a_run_that_died_before_its_claim_holds_nothing_back_any_more(
    lake: Any, returns: ClaimReturns, land_file: Land
) -> None:
    lake.ledger.keep_for("postgres", MISTYPED, 304)
    land_file("postgres", "orders", "2025_03_01_304_0", [order(4, MEANT)], sync_id=304)
    returns.give_back(MISTYPED)
    assert lake.ledger.claim("postgres", NEXT, 305, 0).rows == 1


def test_what_such_a_run_landed_can_go_to_another_date_at_once(
    lake: Any, returns: ClaimReturns, land_file: Land
) -> None:
    lake.ledger.claim("postgres", MEANT, 302, 0)
    lake.ledger.keep_for("postgres", MISTYPED, 304)
    land_file("postgres", "orders", "2025_03_01_304_0", [order(4, MEANT)], sync_id=304)
    with pytest.raises(GiveBackRefusedError, match="--to must be another date"):
        returns.give_back(MISTYPED, to=MISTYPED)
    returns.give_back(MISTYPED, to=MEANT)
    assert lake.ledger.report("postgres", MEANT).rows == 1


def test_the_command_names_the_rows_and_gives_them_back(
    lake: Any, mistyped: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["unloaded"]) == 1
    assert "2 rows (2 of postgres.orders) claimed for 2015-03-01 are not in bronze" in capsys.readouterr().out
    assert main(["give-back", "2015-03-01"]) == 0
    assert "postgres: 2 rows (2 of orders) are unclaimed now" in capsys.readouterr().out
    assert main(["give-back", "2015-03-01"]) == 2
    assert "error: 2015-03-01 has claimed nothing" in capsys.readouterr().err
    assert main(["give-back", "2015-3-1"]) == 2
    assert "not a business date" in capsys.readouterr().err
