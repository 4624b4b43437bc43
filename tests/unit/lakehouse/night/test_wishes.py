"""What a night was started with reaches the stages that assets start, and no other night."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from lakehouse.night.assets import asset_of
from lakehouse.night.wishes import is_wanted, pass_on

NAME = "full_refresh"


def events(*extras: Any) -> dict[str, list[Any]]:
    return {f"asset {number}": [SimpleNamespace(extra=extra)] for number, extra in enumerate(extras)}


def emitted(params: dict[str, Any], triggering: dict[str, list[Any]]) -> dict[str, Any]:
    """The extra of the event of a stage's last task."""
    asset = asset_of("load_bronze")
    written: dict[Any, Any] = {asset: SimpleNamespace(extra={})}
    pass_on(
        {
            "task": SimpleNamespace(outlets=[asset]),
            "params": params,
            "triggering_asset_events": triggering,
            "outlet_events": written,
        }
    )
    return dict(written[asset].extra)


def test_a_param_is_passed_on_from_stage_to_stage() -> None:
    first = emitted({NAME: True}, {})
    second = emitted({NAME: False}, events(first, first))
    assert is_wanted(NAME, {NAME: False}, events(second))
    assert second == first


@pytest.mark.parametrize("params", [{}, {NAME: False}, {"force_sync": True}])
def test_what_nobody_wants_is_not_passed_on(params: dict[str, Any]) -> None:
    assert emitted(params, events({}, None)) == {}
    assert not is_wanted(NAME, params, {})


def test_the_asset_of_a_night_that_failed_halfway_makes_no_wish_for_the_next_one() -> None:
    assert not is_wanted(NAME, {}, events({"wishes": [NAME]}, {}))


def test_a_task_without_an_asset_writes_nothing() -> None:
    written: dict[Any, Any] = {asset_of("load_bronze"): SimpleNamespace(extra={})}
    pass_on({"task": SimpleNamespace(outlets=[]), "params": {NAME: True}, "outlet_events": written})
    assert [event.extra for event in written.values()] == [{}]
