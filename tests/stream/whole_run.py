"""The run of `make stream`: a whole platform with a real Airflow, nights among the changes and the kills."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from testing.lakehouse.stream_platform import StreamPlatform, stream_platform
from tests.stream.faults import CHANGES, KILLS, NAMED_OUTCOMES
from tests.stream.live_shop import LiveShop
from tests.stream.night_faults import (
    night_is_replayed,
    night_runs_beside,
    scheduler_is_killed,
    superset_is_down,
    superset_is_killed,
)
from tests.stream.report import tell
from tests.stream.run import StreamRun
from tests.stream.scenario import Scenario
from tests.stream.source_changes import SourceChanges
from tests.stream.stream_dag import StreamDag, run_night

SERVICES: Final = ("postgres", "object_store", "shop", "airbyte", "dremio", "superset", "airflow")
RATES: Final = (0.1, 1, 1, 10)
"""What the live shop's rate is multiplied by: 20, 200 and 2,000 changes a second."""


def whole_run(seconds: int, rate: int, seed: int, log: Callable[[str], None]) -> None:
    """Run it: a first night, the stream, changes and faults for so long, and two nights among them.

    Raises:
        AssertionError: something was lost, doubled, old, not named, or outlived its platform.
    """
    first = datetime.now(UTC).date() - timedelta(days=1)
    with stream_platform("stream-run", day=first.isoformat(), services=SERVICES) as platform:
        _play(platform, seconds, rate, seed, log)
    left = platform.programs.every()
    assert not left, f"processes that outlived the platform: {left}"
    log("no process is left")


def _play(platform: StreamPlatform, seconds: int, rate: int, seed: int, log: Callable[[str], None]) -> None:
    today = datetime.now(UTC).date()
    yesterday = today - timedelta(days=1)
    dice = random.Random(seed)
    dag, live = StreamDag(platform), LiveShop(platform, seed)
    run = StreamRun(platform, dag, live, dice, SourceChanges(platform, dice), today)
    scenario = Scenario(run, seed, log)
    try:
        scenario.say("the platform is up; the first night runs")
        run_night(platform, yesterday)
        dag.start()
        scenario.say(f"gold of {yesterday} is published; all tables are read after {run.catch_up():.1f} s")
        faults = [*KILLS, *CHANGES, scheduler_is_killed, superset_is_down, superset_is_killed]
        # Airflow's next run waits minutes after one that failed: what ends a run is in the short form.
        faults = [fault for fault in faults if fault not in NAMED_OUTCOMES]
        nights = [night_runs_beside(today), night_is_replayed(yesterday)]
        scenario.play_for(seconds, faults, nights, [max(1, int(rate * each)) for each in RATES])
        tell(scenario.end(), log)
    finally:
        live.stop()
