"""`bin/stream start` and `bin/stream stop`: the DAG's switch, over Airflow's REST API."""

from __future__ import annotations

import argparse
import time
from typing import Final

from lakehouse.platform.airflow_api import AirflowApi
from lakehouse.platform.airflow_api_hook import AirflowApiHook
from lakehouse.platform.database import platform_postgres
from lakehouse.stream.loop_state import LoopRecord
from lakehouse.stream.plan import DAG_ID

OWN_START_SECONDS: Final = 15.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def run(options: argparse.Namespace) -> int:
    """Unpause or pause the DAG."""
    api = AirflowApiHook().get_conn()
    if options.command == "stop":
        api.pause(DAG_ID)
        print(f"{DAG_ID} is paused: its run ends when the batch in flight is merged, within seconds")
        return 0
    waited = LoopRecord(platform_postgres()).notice()
    api.unpause(DAG_ID)
    print(f"{DAG_ID} is unpaused" + (": it tries again at once what failed" if waited else ""))
    if not _has_run(api):
        print(f"no run has started within {OWN_START_SECONDS:.0f} s: started {api.trigger(DAG_ID).run_id}")
    return 0


def _has_run(api: AirflowApi) -> bool:
    """Has Airflow started a run by itself?

    After somebody has ended a run by hand, Airflow 3.3.2 takes the DAG for one that runs, until it parses
    the DAG's file again (`exceeds_max_non_backfill`; five minutes on the embedded platform).
    """
    ends = time.monotonic() + OWN_START_SECONDS
    while not api.unfinished_runs([DAG_ID]):
        if time.monotonic() >= ends:
            return False
        time.sleep(1)
    return True
