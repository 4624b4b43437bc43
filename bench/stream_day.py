"""What a day of streaming leaves: files of the hot table and of bronze, and what they cost a query."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.report import Table, milliseconds, verdict
from testing.repository import ROOT

HOURS, BATCHES = 24, 5
MOST_FILES = 50
RATIO = 1.3
"""A query on the files as they are, against the same on one file."""
SHOWN_HOURS = 4
PYTHON = ROOT / ".local" / "envs" / "airflow" / "bin" / "python"
WORKER = Path(__file__).with_name("stream_day_worker.py")


def run(sizes: list[int]) -> Iterator[Table]:
    """A day of 120 batches, an hour's work at a time; `sizes` are rows of data, and mean nothing here."""
    *hours, last = _measured()
    table = Table(
        f"{HOURS} hours of {BATCHES} batches", ("hours", "batches", "hot.orders", "bronze", "a query")
    )
    for each in hours:
        if each["hour"] % SHOWN_HOURS == 0:
            table.add(
                each["hour"], each["batches"], f"{each['hot']} files", f"{each['bronze']} files",
                milliseconds(each["seconds"]),
            )  # fmt: skip
    most = {where: max(each[where] for each in hours) for where in ("hot", "bronze")}
    ratio = last["seconds"] / last["seconds_of_one"]
    few = max(most.values()) <= MOST_FILES
    table.add("most at the end of an hour", "", f"**{most['hot']} files**", f"**{most['bronze']} files**",
              f"<= {MOST_FILES} files: {verdict(few)}")  # fmt: skip
    table.add("before and after compaction", "", f"{last['files']} and 1 files", "",
              f"{milliseconds(last['seconds'])} and {milliseconds(last['seconds_of_one'])}: "
              f"**{ratio:.2f} times**, target <= {RATIO}: {verdict(ratio <= RATIO)}")  # fmt: skip
    table.notes.append(
        "The batches of an hour follow each other; then the ledger's times go back by an hour."
    )
    table.notes.append("The query reads all of `serving.orders` by minute: 50,000 orders and the day's.")
    yield table


def _measured() -> list[dict[str, Any]]:
    environment = os.environ | {
        "PYTHONPATH": f"{ROOT / 'plugins'}:{ROOT}",
        "AIRFLOW_HOME": str(ROOT / ".local" / "test" / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "TZ": "UTC",
    }
    command = [str(PYTHON), str(WORKER), str(HOURS), str(BATCHES)]
    with subprocess.Popen(
        command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as worker:
        try:
            said, errors = worker.communicate()
        except BaseException:
            worker.terminate()  # which stops its platform; killed, it would leave it behind
            raise
    if worker.returncode:
        raise RuntimeError(errors)
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]
