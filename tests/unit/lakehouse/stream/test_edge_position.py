"""Where the edge goes: never past what is not published, never back."""

from __future__ import annotations

from datetime import date

import pytest

from lakehouse.stream.edge_position import BEFORE_ALL, NOWHERE, Claim, Position, next_position

D15, D16, D17, D18 = (date(2025, 10, day) for day in (15, 16, 17, 18))


def claim(day: date, published: bool = True, lsn: int | None = None) -> Claim:
    return Claim(day, published, lsn)


def test_before_the_first_night_everything_is_hot() -> None:
    assert next_position([], NOWHERE) == NOWHERE
    assert NOWHERE.business_date == BEFORE_ALL


def test_a_published_night_moves_date_and_position() -> None:
    assert next_position([claim(D15, lsn=100)], NOWHERE) == Position(D16, 100)


def test_the_night_that_has_not_published_holds_the_edge_and_is_named() -> None:
    found = next_position([claim(D15, lsn=100), claim(D16, False, 200)], NOWHERE)
    assert found == Position(D16, 100, held_by=D16)


def test_a_night_that_failed_holds_the_edge_for_the_nights_after_it() -> None:
    claims = [claim(D15, lsn=100), claim(D16, False, 200), claim(D17, lsn=300)]
    assert next_position(claims, NOWHERE) == Position(D16, 100, held_by=D16)
    caught_up = [claim(D15, lsn=100), claim(D16, lsn=200), claim(D17, lsn=300)]
    assert next_position(caught_up, NOWHERE) == Position(D18, 300)


def test_a_replay_of_an_older_date_moves_nothing_back() -> None:
    """A replay claims nothing: the claims are the same, and so is the edge."""
    claims = [claim(D15, lsn=100), claim(D16, lsn=200)]
    there = next_position(claims, NOWHERE)
    assert next_position(claims, there) == there


def test_a_forced_sync_moves_the_position_once_it_is_published() -> None:
    there = Position(D17, 200)
    waiting = [claim(D15, lsn=100), claim(D16, False, 250)]
    assert next_position(waiting, there) == Position(D17, 200, held_by=D16)
    assert next_position([claim(D15, lsn=100), claim(D16, lsn=250)], there) == Position(D17, 250)


def test_a_backfilled_date_takes_changes_of_today_and_holds_the_position_until_it_is_published() -> None:
    """Its sync brings what changed since the last one, whatever its date: later nights do not have that."""
    there = Position(D17, 200)
    waiting = [claim(D16, lsn=200), claim(date(2020, 1, 1), False, 260), claim(D17, lsn=300)]
    assert next_position(waiting, there) == Position(D17, 200, held_by=date(2020, 1, 1))
    done = [claim(D16, lsn=200), claim(date(2020, 1, 1), lsn=260), claim(D17, lsn=300)]
    assert next_position(done, there) == Position(D18, 300)


def test_dates_out_of_order_end_where_they_would_in_order() -> None:
    claims = [claim(D17, lsn=100), claim(D15, lsn=200), claim(D16, lsn=300)]
    assert next_position(claims, NOWHERE) == Position(D18, 300)


@pytest.mark.parametrize("unknown", [claim(D16), claim(D16, lsn=None)])
def test_a_night_whose_position_is_not_known_moves_the_date_alone(unknown: Claim) -> None:
    assert next_position([claim(D15, lsn=100), unknown], NOWHERE) == Position(D17, 100)


def test_the_next_position_that_is_known_covers_the_night_before() -> None:
    claims = [claim(D15, lsn=100), claim(D16), claim(D17, lsn=300)]
    assert next_position(claims, NOWHERE) == Position(D18, 300)


def test_a_release_of_claims_does_not_move_the_edge_back() -> None:
    assert next_position([claim(D15)], Position(D17, 200)) == Position(D17, 200)
