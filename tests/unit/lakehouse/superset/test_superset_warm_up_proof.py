"""When an answer counts as warm. What a real Superset does is tested in tests/integration; a Superset whose
caches are misconfigured, or that answers from an old store, is played here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from lakehouse.superset.errors import BrokenChartsError, CacheNotWarmError
from lakehouse.superset.warm_up import warm_dashboard

START = datetime(2025, 10, 16, 4, 35, tzinfo=UTC)
COLD = {"is_cached": None, "cached_dttm": None, "rowcount": 1, "error": None}
OLD = COLD | {"is_cached": True, "cached_dttm": "2025-10-15T04:35:00"}
HIT = COLD | {"is_cached": True, "cached_dttm": "2025-10-16T04:35:00"}


class PlayedSuperset:
    """One dashboard with one chart; `reads` are the answers to POST chart/data, in order."""

    server_time = START

    def __init__(self, reads: list[dict[str, Any]], viz_error: str | None = None, query: bool = True) -> None:
        self.reads = reads
        self.viz_error = viz_error
        self.query_context = json.dumps({"queries": [{"filters": []}]}) if query else None
        self.forced: list[bool] = []

    def get(self, path: str) -> dict[str, Any]:
        results: dict[str, Any] = {
            "dashboard/d": {"id": 1, "dashboard_title": "D", "json_metadata": None},
            "dashboard/d/charts": [{"id": 7}],
            "dashboard/d/datasets": [{"id": 3}],
            "chart/7": {"id": 7, "slice_name": "Revenue", "query_context": self.query_context},
        }
        return {"result": results[path]}

    def put(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        assert (path, body) == ("chart/warm_up_cache", {"chart_id": 7, "dashboard_id": 1})
        return {"result": [{"viz_error": self.viz_error, "viz_status": "success"}]}

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        if path == "cachekey/invalidate":
            assert body == {"datasource_uids": ["3__table"]}
            return {}
        self.forced.append(body["force"])
        return {"result": [self.reads.pop(0)]}


def warm(superset: PlayedSuperset) -> datetime:
    (chart,) = warm_dashboard(superset, "d").charts  # type: ignore[arg-type]
    return chart.cached_at


def test_a_hit_of_the_second_the_warm_up_began_counts() -> None:
    """Superset dates its cache to the second."""
    superset = PlayedSuperset([HIT])
    assert warm(superset) == START
    assert superset.forced == [False]


@pytest.mark.parametrize("first", [COLD, OLD], ids=["computed", "from before the start"])
def test_an_answer_that_is_no_proof_is_computed_by_force_and_read_again(first: dict[str, Any]) -> None:
    superset = PlayedSuperset([first, COLD, HIT])
    assert warm(superset) == START
    assert superset.forced == [False, True, False]


@pytest.mark.parametrize("last", [COLD, OLD], ids=["never cached", "cached elsewhere"])
def test_a_cache_that_does_not_hold_is_named_and_not_called_warm(last: dict[str, Any]) -> None:
    """With Superset's default NullCache every warm-up says success and nothing is cached."""
    with pytest.raises(CacheNotWarmError, match=r"'Revenue' .* CACHE_CONFIG and DATA_CACHE_CONFIG"):
        warm(PlayedSuperset([COLD, COLD, last]))


def test_an_error_inside_a_good_answer_breaks_the_chart() -> None:
    with pytest.raises(BrokenChartsError, match="'Revenue' cannot be drawn: column is gone"):
        warm(PlayedSuperset([COLD | {"error": "column is gone"}]))


def test_a_chart_without_stored_query_says_how_to_mend_it() -> None:
    with pytest.raises(Exception, match="'Revenue': has no stored query: open it in Superset, save it"):
        warm(PlayedSuperset([], query=False))
