"""Following a night without a worker: hours of it cost a few calls a minute."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict
from datetime import date
from typing import Any, Final

from airflow.sdk import BaseHook
from airflow.triggers.base import BaseTrigger, TriggerEvent

from lakehouse.night_run.first_runs import newest_runs
from lakehouse.night_run.follow import NightFollower
from lakehouse.night_run.outcome import StageEnd
from lakehouse.night_run.page import progress_note
from lakehouse.night_run.request import NightRequestError
from lakehouse.night_run.signs_of_life import signs_of_life
from lakehouse.platform.airflow_api import NOTE_CHARACTERS, AirflowApi, AirflowApiError
from lakehouse.platform.airflow_api_hook import api_of
from lakehouse.platform.errors import LakehouseError
from lakehouse.platform.external_job.triggers import POLL_SECONDS
from lakehouse.platform.names import AIRFLOW_CONNECTION

AWAY_SECONDS: Final = 900.0
"""How long one call is repeated while Airflow's API or its database is away. Then the task fails, its next
attempt goes on following, and the night itself goes on in any case."""


class FollowNightTrigger(BaseTrigger):
    """Fires when nothing of the night is at work any more; meanwhile the run's note says where it is.

    Args:
        night: the business date, ISO.
        run_ids: the runs that the night begins with, by stage.
        conf: what they were started with.
        dag_id: the DAG whose run gets the notes.
        run_id: that run.
        heading: of the notes.
    """

    def __init__(
        self,
        night: str,
        run_ids: Mapping[str, str],
        conf: Mapping[str, Any],
        dag_id: str,
        run_id: str,
        heading: str,
    ) -> None:
        super().__init__()
        self.night = night
        self.run_ids = dict(run_ids)
        self.conf = dict(conf)
        self.dag_id = dag_id
        self.run_id = run_id
        self.heading = heading
        self.poll_seconds = POLL_SECONDS

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class and arguments, for the triggerer."""
        names = ("night", "run_ids", "conf", "dag_id", "run_id", "heading")
        return f"{type(self).__module__}.{type(self).__qualname__}", {
            name: getattr(self, name) for name in names
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """One event: `{"ends": a StageEnd as a document for each stage}`, or `{"lost": why}`."""
        connection = await BaseHook.aget_connection(AIRFLOW_CONNECTION)
        # A deferred task whose trigger fires at once may be lost (see POLL_SECONDS).
        await asyncio.sleep(self.poll_seconds)
        try:
            api = await asyncio.to_thread(api_of, connection, AWAY_SECONDS)
            event = {"ends": [asdict(each) for each in await self._ends(api)]}
        except (AirflowApiError, LakehouseError) as error:
            event = {"lost": str(error), "is_final": isinstance(error, NightRequestError)}  # type: ignore[dict-item]
        yield TriggerEvent(event)

    async def _ends(self, api: AirflowApi) -> list[StageEnd]:
        first = await asyncio.to_thread(newest_runs, api, date.fromisoformat(self.night), self.run_ids)
        life = await asyncio.to_thread(signs_of_life, api)
        follower = NightFollower(api, date.fromisoformat(self.night), first, life, self.conf)
        shown = ""
        while True:
            await asyncio.to_thread(follower.poll)
            told = progress_note(self.heading, follower.stages.values())
            if told != shown:
                shown = told
                await asyncio.to_thread(api.annotate, self.dag_id, self.run_id, told[:NOTE_CHARACTERS])
            if follower.is_over:
                break
            await asyncio.sleep(self.poll_seconds)
        return [
            StageEnd(name, each.state, each.run.run_id if each.run else None, each.note)
            for name, each in follower.stages.items()
        ]
