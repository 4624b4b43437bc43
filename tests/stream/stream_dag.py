"""The stream as Airflow runs it, and the night beside it, driven as an operator drives them."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Final

from lakehouse.platform.airflow_api import AirflowApi
from lakehouse.stream.plan import DAG_ID
from testing.lakehouse.stream_platform import StreamPlatform
from testing.repository import PYTHON, ROOT
from testing.waiting import wait_until

_COMMAND_SECONDS: Final = 120
_NIGHT_SECONDS: Final = 3_600
"""Only a hang passes it, on a busy machine too."""
_START_SECONDS: Final = 180


class StreamDag:
    """`dags/stream_orders.py` in the platform's own Airflow. Whatever ends a run, Airflow starts the next."""

    def __init__(self, platform: StreamPlatform) -> None:
        self._platform = platform
        wire = platform.wire
        self._api = AirflowApi(wire["AIRFLOW_URL"], wire["AIRFLOW_USER"], wire["AIRFLOW_PASSWORD"])

    def start(self) -> None:
        """Unpause the DAG, and wait until its task runs."""
        self._command("lakehouse.stream", "start")
        wait_until(self._runs, "the stream's task runs", _START_SECONDS, 1)

    def stop(self) -> None:
        """Pause the DAG; its run ends between two batches."""
        self._command("lakehouse.stream", "stop")
        wait_until(lambda: not self._api.unfinished_runs([DAG_ID]), "the run ends when it is paused", 180, 1)

    def keep(self) -> None:
        """Nothing: this is what Airflow is for."""

    def has_ended(self) -> bool:
        """Has the newest run failed?"""
        runs = self._api.read(f"dags/{DAG_ID}/dagRuns", {"order_by": "-run_after", "limit": 1})["dag_runs"]
        return bool(runs) and runs[0]["state"] == "failed"

    def kill(self) -> None:
        """Kill -9 the process of the task."""
        path = f"dags/{DAG_ID}/dagRuns/~/taskInstances"
        running = self._api.read_all(path, "task_instances", {"state": "running"})
        titles = [rf"^airflow worker -- {task['id']}$" for task in running]
        killed = sum(self._platform.programs.kill(title) for title in titles)
        assert killed > 0, f"no process of the stream's task was found: {titles}"

    def words(self, characters: int = 8_000) -> str:
        """The last words of the newest task log."""
        folder = Path(self._platform.wire["LAKEHOUSE_STATE_DIR"])
        logs = sorted(folder.rglob(f"dag_id={DAG_ID}/**/attempt=*.log"), key=lambda log: log.stat().st_mtime)
        return logs[-1].read_text(errors="replace")[-characters:] if logs else ""

    def _runs(self) -> bool:
        return any(task.state == "running" for task in self._api.active_tasks([DAG_ID]))

    def _command(self, module: str, *arguments: str) -> None:
        in_airflow(self._platform, module, *arguments, seconds=_COMMAND_SECONDS)


def run_night(platform: StreamPlatform, day: date) -> None:
    """The whole night of a business date, as `make night` runs it on a platform that is up."""
    in_airflow(platform, "lakehouse.night_run", day.isoformat(), seconds=_NIGHT_SECONDS)


def in_airflow(platform: StreamPlatform, module: str, *arguments: str, seconds: float) -> str:
    """Run a module as the people's own commands do; what it printed. Raises AssertionError if it failed."""
    run = [str(PYTHON), "-m", "embedded.cli", "run", "--airflow", "--"]
    path = f"PYTHONPATH={ROOT / 'plugins'}"
    done = subprocess.run(
        [*run, "env", path, sys.executable, "-m", module, *arguments],
        cwd=ROOT, env=platform.environ, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=seconds, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (
        f"{module} {' '.join(arguments)}: {done.stdout[-4_000:]}{done.stderr[-4_000:]}"
    )
    return done.stdout
