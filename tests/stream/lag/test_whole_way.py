"""A tracer on its whole way: from the source through Airbyte, bronze and Dremio to Superset's own answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lakehouse.stream.lag import read_lag
from lakehouse.superset.operators import SupersetImportAssetsOperator
from testing.lakehouse.stream_platform import StreamPlatform
from testing.waiting import wait_until
from tests.stream.lag.conftest import Lag
from tests.stream.stream_process import StreamProcess

WHOLE_SECONDS = 180
"""Only a hang passes it, on a busy machine too."""


@pytest.fixture
def stream(platform: StreamPlatform, lag: Lag) -> Iterator[StreamProcess]:
    """The stream runs with its own follower, and Superset has the dashboards."""
    platform.services.up("superset")
    SupersetImportAssetsOperator(task_id="import_dashboards").execute({})
    process = StreamProcess(platform)
    process.start()
    yield process
    process.stop()


def test_every_tracer_is_seen_at_each_hop_and_at_last_on_the_chart(
    platform: StreamPlatform, lag: Lag, stream: StreamProcess
) -> None:
    """One that the stream commits itself, and one that nobody noted."""

    def shown() -> int:
        return sum(tracer["charted_at"] is not None for tracer in lag.tracers().values())

    wait_until(lambda: shown() > 0, "the chart shows the stream's own tracer", WHOLE_SECONDS)
    with platform.shop() as shop:
        row = shop.execute(
            "insert into stream_tracer (note) values ('by hand') returning tracer_id"
        ).fetchone()
    assert row is not None
    wait_until(
        lambda: lag.tracers().get(row[0], {}).get("charted_at") is not None,
        "the chart shows the other one",
        WHOLE_SECONDS,
    )
    for tracer in lag.tracers().values():
        if tracer["charted_at"] is not None:
            moments = [
                tracer[name] for name in ("committed_at", "landed_at", "bronze_at", "hot_at", "charted_at")
            ]
            assert moments == sorted(moments)
            assert tracer["batch_id"] is not None
    found = read_lag(platform.postgres)
    assert found.running
    assert found.measured
    assert found.chart_problem is None
    total = found.hops[-1].five_minutes
    assert total is not None
    print(f"from the commit to the chart: {total.p50:.1f} s in the middle, {total.p99:.1f} s at most")
