"""What the form of run_night may ask for, which date it means, and which runs a night begins with."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from lakehouse.night.business_date import BusinessDateError
from lakehouse.night.plan import NIGHT
from lakehouse.night_run.choosing import choose_night
from lakehouse.night_run.first_night import FirstNight
from lakehouse.night_run.first_runs import newest_runs, start_or_join
from lakehouse.night_run.request import (
    EXTRACTS,
    NightRequest,
    NightRequestError,
    read_request,
    require_inputs,
)
from tests.unit.lakehouse.night_run.scripted_airflow import DAY, ScriptedAirflow, run_of

TODAY = date(2025, 10, 20)
STAGES = [each.name for each in NIGHT]
WHOLE = NightRequest(DAY, "extract_postgres")


def not_provisioned() -> None:
    pytest.fail("the platform was provisioned")


def form(**given: Any) -> dict[str, Any]:
    return {"date": None, "from_stage": STAGES[0], "force_sync": False, "full_refresh": False} | given


@pytest.mark.parametrize("first", STAGES)
def test_each_stage_may_be_the_first_and_an_extract_stands_for_both(first: str) -> None:
    asked = read_request(form(date="2025-10-16", from_stage=first), None, TODAY)
    assert asked.night == DAY
    assert asked.first_stages == (EXTRACTS if first in EXTRACTS else (first,))
    assert asked.conf == {}


def test_a_partition_key_counts_where_the_form_has_no_date() -> None:
    assert read_request(form(), "2025-10-16", TODAY).night == DAY
    assert read_request(form(date="2025-10-17"), "2025-10-16", TODAY).night == date(2025, 10, 17)
    assert read_request(form(date=""), None, TODAY).night is None


@pytest.mark.parametrize(("text", "said"), [("2025-10-21", "future"), ("16.10.2025", "YYYY-MM-DD")])
def test_a_wrong_date_is_refused(text: str, said: str) -> None:
    with pytest.raises(BusinessDateError, match=said):
        read_request(form(date=text), None, TODAY)


def test_a_field_that_there_is_not_is_refused() -> None:
    """The API takes any: a date under a misspelt name was the untouched form."""
    said = "there is no field dat, from: the form has date, from_stage, force_sync, full_refresh"
    with pytest.raises(NightRequestError, match=said):
        read_request({**form(), "from": "load_bronze", "dat": "2025-10-16"}, None, TODAY)


def test_only_the_wishes_travel() -> None:
    asked = read_request(form(force_sync=True, full_refresh=True), None, TODAY)
    assert asked.conf == {"force_sync": True, "full_refresh": True}
    assert read_request(form(full_refresh=True), None, TODAY).conf == {"full_refresh": True}


@pytest.mark.parametrize("first", STAGES[2:])
def test_a_sync_is_not_asked_of_a_night_that_syncs_nothing(first: str) -> None:
    with pytest.raises(NightRequestError, match="choose the stage extract_postgres"):
        read_request(form(from_stage=first, force_sync=True), None, TODAY)


@pytest.mark.parametrize("first", STAGES)
def test_a_full_refresh_needs_a_layer_to_rebuild(first: str) -> None:
    values = form(from_stage=first, full_refresh=True)
    if first in ("test_data_quality", "refresh_reflections", "warm_dashboards"):
        with pytest.raises(NightRequestError, match="transform_staging, transform_intermediate or"):
            read_request(values, None, TODAY)
    else:
        assert read_request(values, None, TODAY).conf == {"full_refresh": True}


def test_a_stage_without_inputs_is_refused_and_the_one_to_choose_is_named() -> None:
    asked = NightRequest(DAY, "transform_marts")
    with pytest.raises(NightRequestError) as refused:
        require_inputs(asked, DAY, {"extract_postgres", "extract_apis"})
    assert "transform_marts needs what transform_intermediate made for 2025-10-16" in str(refused.value)
    assert str(refused.value).endswith("choose the stage load_bronze")
    with pytest.raises(NightRequestError, match="choose the stage extract_apis"):
        require_inputs(NightRequest(DAY, "load_bronze"), DAY, {"extract_postgres"})
    require_inputs(asked, DAY, {"transform_intermediate"})
    require_inputs(WHOLE, DAY, set())


@pytest.mark.parametrize(
    ("states", "hour", "chosen"),
    [
        ({}, 12, TODAY),
        ({}, 0, date(2025, 10, 19)),  # tonight's has not started
        ({TODAY: "failed"}, 12, TODAY),
        ({TODAY: "running", DAY: "failed"}, 12, TODAY),
        ({TODAY: "success", DAY: "failed", date(2025, 10, 14): "failed"}, 12, DAY),
        ({date(2025, 10, 19): "success", DAY: "failed"}, 0, DAY),
        ({date(2025, 10, 21): "failed", TODAY: "success", DAY: "running"}, 12, DAY),
    ],
)
def test_without_a_date_it_is_the_newest_night_not_served(
    states: dict[date, str], hour: int, chosen: date
) -> None:
    choice = choose_night(None, states, datetime(2025, 10, 20, hour, tzinfo=UTC))
    assert choice.night == chosen
    assert states.get(chosen, "never started") in choice.why


def test_a_date_that_was_asked_for_is_taken_though_it_is_served() -> None:
    assert choose_night(DAY, {DAY: "success"}, datetime(2025, 10, 20, tzinfo=UTC)).night == DAY


FIRST = FirstNight(DAY, ("bin/open", "the shop"))
NOON = datetime(2025, 10, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize("states", [{}, {DAY: "failed"}, {TODAY: "failed"}, {DAY: "running"}], ids=str)
def test_as_long_as_no_night_was_served_it_is_the_first_one_of_the_deployment(
    states: dict[date, str],
) -> None:
    """A demo's data ends in the past: tonight's date has none."""
    choice = choose_night(None, states, NOON, FIRST)
    assert (choice.night, choice.is_first) == (DAY, True)
    assert choice.why == "the first night of this platform (LAKEHOUSE_FIRST_NIGHT)"
    assert choose_night(DAY, states, NOON, FIRST).is_first
    assert not choose_night(TODAY, states, NOON, FIRST).is_first


def test_after_the_first_night_the_newest_counts_again() -> None:
    choice = choose_night(None, {DAY: "success"}, NOON, FIRST)
    assert (choice.night, choice.is_first) == (TODAY, False)
    assert not choose_night(DAY, {DAY: "success"}, NOON, FIRST).is_first


def test_when_all_nights_are_served_it_says_so() -> None:
    with pytest.raises(NightRequestError, match="up to 2025-10-20 is served: choose a date"):
        choose_night(None, {TODAY: "success"}, datetime(2025, 10, 20, 5, tzinfo=UTC))


def test_a_night_from_the_beginning_starts_both_extracts_with_its_wishes(airflow: ScriptedAirflow) -> None:
    provisioned: list[int] = []
    asked = NightRequest(DAY, "extract_apis", full_refresh=True)
    started = start_or_join(airflow, asked, DAY, lambda: provisioned.append(len(airflow.triggered)))
    assert provisioned == [0], "once, before anything was started"
    assert airflow.triggered == ["extract_postgres", "extract_apis"]
    assert airflow.confs == [{"full_refresh": True}] * 2
    assert list(started.runs) == airflow.triggered
    assert started.joined == ""


def test_a_night_from_a_later_stage_starts_that_one_beside_older_runs(airflow: ScriptedAirflow) -> None:
    airflow.add(*(run_of(name) for name in STAGES))
    started = start_or_join(airflow, NightRequest(DAY, "load_bronze"), DAY, not_provisioned)
    assert list(started.runs) == ["load_bronze"]
    assert airflow.triggered == ["load_bronze"]


@pytest.mark.parametrize("state", ["queued", "running"])
def test_a_running_night_is_joined_where_it_is(airflow: ScriptedAirflow, state: str) -> None:
    airflow.add(run_of("extract_postgres"), run_of("extract_apis"), run_of("load_bronze", state))
    joined = start_or_join(airflow, WHOLE, DAY, not_provisioned)
    assert airflow.triggered == []
    assert (list(joined.runs), joined.joined) == (["load_bronze"], "load_bronze")


@pytest.mark.parametrize("other", ["success", "failed", None])
def test_joining_one_extract_starts_the_other_only_if_it_has_not_succeeded(
    airflow: ScriptedAirflow, other: str | None
) -> None:
    airflow.add(run_of("extract_postgres", "running"))
    if other:
        airflow.add(run_of("extract_apis", other))
    joined = start_or_join(airflow, WHOLE, DAY)
    assert list(joined.runs) == list(EXTRACTS)
    assert airflow.triggered == ([] if other == "success" else ["extract_apis"])


def test_a_running_night_is_not_said_to_sync_again(airflow: ScriptedAirflow) -> None:
    airflow.add(run_of("load_bronze", "running"))
    with pytest.raises(NightRequestError, match="not started with force_sync: start this again when"):
        start_or_join(airflow, NightRequest(DAY, "extract_postgres", force_sync=True), DAY)
    assert airflow.triggered == []


def test_a_paused_stage_that_the_night_would_come_to_is_named_with_the_command(
    airflow: ScriptedAirflow,
) -> None:
    airflow.paused = {"load_bronze", "stream_orders"}
    with pytest.raises(NightRequestError, match=r"bin/airflow dags unpause load_bronze$"):
        start_or_join(airflow, WHOLE, DAY)
    assert airflow.triggered == []
    assert list(start_or_join(airflow, NightRequest(DAY, "transform_staging"), DAY).runs)


def test_a_run_that_was_started_in_place_of_a_failed_one_is_followed(airflow: ScriptedAirflow) -> None:
    older = run_of("load_bronze", "success", ago=500, run_id="yesterday's")
    airflow.older["load_bronze"] = [older, run_of("load_bronze", "failed", ago=60, run_id="mine")]
    airflow.add(run_of("load_bronze", "running", ago=5, run_id="again"))
    assert newest_runs(airflow, DAY, {"load_bronze": "mine"})["load_bronze"].run_id == "again"
    with pytest.raises(NightRequestError, match="is gone"):
        newest_runs(airflow, DAY, {"load_bronze": "deleted"})
