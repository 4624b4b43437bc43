"""A night started from Airflow's web UI: the DAG `run_night`, over the REST API that its form uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import httpx

from testing.checkout_platform import CheckoutPlatform
from testing.waiting import wait_until

DAG: Final = "run_night"
SECONDS: Final = 900.0
LOOK_SECONDS: Final = 1.0


@dataclass(frozen=True)
class RunOfNight:
    """An ended run of `run_night`."""

    state: str
    note: str
    """Markdown: the page of the night, as far as Airflow's limit of 1,000 characters goes."""
    tasks: dict[str, str]
    """State by task."""


class NightInTheUi:
    """Starts nights and follows them to the end of `run_night`; a context manager."""

    def __init__(self, platform: CheckoutPlatform) -> None:
        found = platform.addresses()
        url = found["AIRFLOW_URL"]
        login = {"username": found["AIRFLOW_USER"], "password": found["AIRFLOW_PASSWORD"]}
        granted = httpx.post(f"{url}/auth/token", json=login, timeout=60).raise_for_status()
        token = granted.json()["access_token"]
        self._http = httpx.Client(
            base_url=f"{url}/api/v2/dags/{DAG}/",
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
            transport=httpx.HTTPTransport(retries=3),
        )

    def __enter__(self) -> NightInTheUi:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def run(self, **asked: Any) -> RunOfNight:
        """Fill in the form (date, from_stage, force_sync, full_refresh), press Trigger, wait for the end."""
        answer = self._http.post("dagRuns", json={"logical_date": None, "conf": asked}).raise_for_status()
        return self._ended(answer.json()["dag_run_id"])

    def _ended(self, run_id: str) -> RunOfNight:
        def told() -> dict[str, Any]:
            answer: dict[str, Any] = self._http.get(f"dagRuns/{run_id}").raise_for_status().json()
            return answer

        wait_until(
            lambda: told()["state"] in ("success", "failed"), f"{DAG} ended", SECONDS, look_every=LOOK_SECONDS
        )
        run = told()
        tasks = self._http.get(f"dagRuns/{run_id}/taskInstances").raise_for_status().json()["task_instances"]
        return RunOfNight(run["state"], run["note"] or "", {each["task_id"]: each["state"] for each in tasks})
