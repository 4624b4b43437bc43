"""`bin/stream start` and `bin/stream stop`: the DAG's switch, over Airflow's REST API."""

from __future__ import annotations

import argparse

from lakehouse.platform.airflow_api_hook import AirflowApiHook
from lakehouse.platform.database import platform_postgres
from lakehouse.stream.loop_state import LoopRecord
from lakehouse.stream.plan import DAG_ID


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
    return 0
