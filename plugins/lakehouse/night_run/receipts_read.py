"""What the receipt of a date says about the runs that are being followed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from lakehouse.receipts.render import receipts_folder

RECEIPT_SECONDS: Final = 30.0
"""How long a receipt may be behind Airflow: a task's callback writes it after Airflow has the task's end."""
LOOK_SECONDS: Final = 0.2


@dataclass(frozen=True)
class Failure:
    """A task that failed for good."""

    task: str
    error: str
    log: str | None


class NightReceipt:
    """The stages of a date's receipt, by name; empty as long as there is no receipt."""

    def __init__(self, night: date, folder: Path | None = None) -> None:
        self.path = (folder or receipts_folder()) / f"{night}.json"

    def stage(self, name: str, run_id: str | None) -> dict[str, Any]:
        """The stage's entry, if it is about that run; else nothing."""
        try:
            document = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        entry = document.get("stages", {}).get(name, {})
        return dict(entry) if run_id is not None and entry.get("run_id") == run_id else {}

    def unfinished(self, runs: Mapping[str, str]) -> list[str]:
        """The stages whose end it does not show yet.

        Args:
            runs: for each stage the id of a run that has ended.
        """
        return [
            name
            for name, run_id in runs.items()
            if self.stage(name, run_id).get("state") not in ("success", "failed")
        ]

    def wait_for(self, runs: Mapping[str, str], seconds: float = RECEIPT_SECONDS) -> list[str]:
        """Wait until it shows the end of these runs; returns the stages that are missing after that time."""
        looks = Retrying(
            retry=retry_if_result(bool),
            wait=wait_fixed(LOOK_SECONDS),
            stop=stop_after_delay(seconds),
            retry_error_callback=lambda state: state.outcome and state.outcome.result(),
        )
        missing: list[str] = looks(self.unfinished, runs)
        return missing

    def failures(self, name: str, run_id: str | None) -> list[Failure]:
        """The tasks of the stage that failed, in the receipt's order."""
        return [
            Failure(task["task"], task["error"] or "without a word", task["log"])
            for task in self.stage(name, run_id).get("tasks", [])
            if task["state"] == "failed"
        ]
