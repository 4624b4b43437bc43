"""When is a reflection ready, on its way, or lost: every state that Dremio knows."""

from __future__ import annotations

from typing import Any

import pytest

from lakehouse.dremio.errors import ReflectionFailedError, ReflectionInvalidError
from lakehouse.dremio.reflection_progress import Awaited, Ready, judge
from lakehouse.dremio.states import JobState, ReflectionCombinedStatus

REQUESTED = "2025-10-17T04:15:00+00:00"
BEFORE, AFTER = "2025-10-17T04:14:59.999Z", "2025-10-17T04:15:00.001Z"
AWAITED = Awaited("id-1", "agg_daily_revenue on gold.orders", REQUESTED, failures=1, fetched_before=BEFORE)


def reflection(**status: Any) -> dict[str, Any]:
    usable = {
        "config": "OK",
        "refresh": "MANUAL",
        "availability": "AVAILABLE",
        "combinedStatus": "CAN_ACCELERATE",
        "failureCount": 0,
        "lastDataFetch": AFTER,
    }
    return {"id": "id-1", "enabled": True, "currentSizeBytes": 10, "status": usable | status}


def test_usable_with_data_after_the_request_is_ready() -> None:
    ready = judge(reflection(), AWAITED)
    assert isinstance(ready, Ready)
    assert (ready.last_data_fetch, ready.bytes) == (AFTER, 10)


@pytest.mark.parametrize(
    "status",
    [
        {"lastDataFetch": BEFORE},
        {"lastDataFetch": None},
        {"availability": "NONE"},
        {"availability": "EXPIRED"},
        {"availability": "SOMETHING_NEW"},
        {"availability": "NONE", "combinedStatus": "CANNOT_ACCELERATE_INITIALIZING"},
        {"lastDataFetch": BEFORE, "combinedStatus": "REFRESHING", "refresh": "RUNNING"},
        # What an earlier night left behind is not this request's failure.
        {"availability": "NONE", "combinedStatus": "FAILED", "failureCount": 1},
    ],
)
def test_anything_else_is_still_on_its_way(status: dict[str, Any]) -> None:
    assert judge(reflection(**status), AWAITED) is None


def test_data_fetched_just_before_a_request_in_the_same_second_does_not_count() -> None:
    """The request's time has whole seconds: seen when two refreshes followed each other within one."""
    fetched = "2025-10-17T04:15:00.500Z"
    waiting = Awaited("id-1", "x", REQUESTED, 0, fetched_before=fetched)
    assert judge(reflection(lastDataFetch=fetched), waiting) is None


@pytest.mark.parametrize(
    ("status", "enabled", "error"),
    [
        ({"config": "INVALID"}, True, ReflectionInvalidError),
        ({"combinedStatus": "INVALID"}, True, ReflectionInvalidError),
        ({"combinedStatus": "DISABLED"}, True, ReflectionInvalidError),
        ({}, False, ReflectionInvalidError),
        ({"refresh": "GIVEN_UP", "lastDataFetch": BEFORE}, True, ReflectionFailedError),
        ({"failureCount": 2, "lastDataFetch": BEFORE}, True, ReflectionFailedError),
        (
            {"failureCount": 2, "lastDataFetch": BEFORE, "combinedStatus": "CAN_ACCELERATE_WITH_FAILURES"},
            True,
            ReflectionFailedError,
        ),
    ],
)
def test_a_lost_reflection_is_named(status: dict[str, Any], enabled: bool, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"agg_daily_revenue on gold\.orders \(id-1\)"):
        judge(reflection(**status) | {"enabled": enabled}, AWAITED)


@pytest.mark.parametrize("message", ["no space left", {"message": "no space left"}])
def test_a_failed_build_tells_dremios_last_failure_message(message: object) -> None:
    with pytest.raises(ReflectionFailedError, match="no space left"):
        judge(reflection(refresh="GIVEN_UP", lastDataFetch=None, lastFailureMessage=message), AWAITED)


def test_what_waits_travels_as_json() -> None:
    assert Awaited.from_json(AWAITED.to_json()) == AWAITED


def test_only_three_job_states_are_final_and_unknown_words_have_a_place() -> None:
    assert {state for state in JobState if state.phase.is_over} == {
        JobState.COMPLETED,
        JobState.CANCELED,
        JobState.FAILED,
    }
    assert JobState.of("CANCELLED") is JobState.UNKNOWN  # dbt-dremio's spelling, never Dremio's
    assert JobState.of("completed") is JobState.COMPLETED
    assert ReflectionCombinedStatus.of(None) is ReflectionCombinedStatus.UNKNOWN
