"""What the receipt of a date says about the runs that are being followed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from lakehouse.receipts.render import receipts_folder


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

    def failure(self, name: str, run_id: str | None) -> Failure | None:
        """The first task of the stage that failed."""
        for task in self.stage(name, run_id).get("tasks", []):
            if task["state"] == "failed":
                return Failure(task["task"], task["error"] or "no words", task["log"])
        return None
