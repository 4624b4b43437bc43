"""The tasks of `run_night`: choose the date, start the stages, follow them, say how it went."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from airflow.sdk import BaseOperator

from lakehouse.platform.airflow_api_hook import AirflowApiHook
from lakehouse.platform.errors import LakehouseError, PermanentError, TransientError

if TYPE_CHECKING:
    from lakehouse.platform.airflow_api import AirflowApi

LONGEST_NIGHT: Final = timedelta(hours=12)
"""A stage may take three times its planned minutes, and the plan has not quite four hours."""
NIGHTS_LOOKED_AT: Final = 60

log = logging.getLogger(__name__)


class NightFailedError(PermanentError):
    """The night that was followed has failed; the message names each failed task with cause and cure."""

    told_by_others: ClassVar[bool] = True
    """The failed tasks are an incident already: this one would be a second message for the same cause."""


class FollowingLostError(TransientError):
    """Airflow's API was away for too long. The night goes on; the next attempt follows it again."""


@contextmanager
def _note_of_refusal(context: Mapping[str, Any]) -> Iterator[None]:
    """Write why nothing was started to the run's note: there it is read first."""
    try:
        yield
    except PermanentError as refusal:
        from lakehouse.platform.airflow_api import NOTE_CHARACTERS, AirflowApiError

        # The page of a run shows a note's first line only.
        note = f"**Nothing was started:** {refusal}"[:NOTE_CHARACTERS]
        try:
            AirflowApiHook().get_conn().annotate(context["ti"].dag_id, context["ti"].run_id, note)
        except (AirflowApiError, LakehouseError):
            log.warning("the run has no note", exc_info=True)
        raise


class ChooseNightOperator(BaseOperator):
    """Work out the business date and check the request, before anything starts.

    A platform that was never provisioned is provisioned first. If the deployment names a command for its
    first night (`first_night`), that runs before it.

    Returns a document: `night` (ISO), `why`, `is_first`, `first` (the stage), `conf` of the stages, and
    whether the platform was `provisioned` for it.

    Raises:
        BusinessDateError: the date in the form is not a date, or lies in the future.
        ProvisioningFailedError: the message names each failed task.
        NightRequestError: this night cannot be run like this; the message says what to choose.
    """

    def execute(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Choose."""
        with _note_of_refusal(context):
            return self._chosen(context)

    def _chosen(self, context: Mapping[str, Any]) -> dict[str, Any]:
        from lakehouse.night_run.choosing import choose_night
        from lakehouse.night_run.first_night import first_night
        from lakehouse.night_run.provisioning import provision
        from lakehouse.night_run.request import read_request, require_inputs
        from lakehouse.observe.facts.nights import RunState, recent_nights, stage_runs
        from lakehouse.platform.database import LedgerMissingError, platform_postgres

        now = datetime.now(UTC)
        asked = read_request(context["params"], context["dag_run"].partition_key, now.date())
        postgres = platform_postgres()
        first = first_night()
        provisioned = False
        try:
            receipts = recent_nights(postgres, NIGHTS_LOOKED_AT)
        except LedgerMissingError:
            self.log.info("this platform was never provisioned: provision_platform runs first")
            if first is not None and choose_night(asked.night, {}, now, first).is_first:
                first.prepare()
            self.log.info("platform provisioned in %.0f s", provision(AirflowApiHook().get_conn()))
            provisioned = True
            receipts = recent_nights(postgres, NIGHTS_LOOKED_AT)
        states = {date.fromisoformat(each["business_date"]): str(each["state"]) for each in receipts}
        chosen = choose_night(asked.night, states, now, first)
        runs = stage_runs(postgres, business_date=chosen.night)
        require_inputs(asked, chosen.night, {run.stage for run in runs if run.state is RunState.SUCCESS})
        self.log.info("the night of %s: %s", chosen.night, chosen.why)
        return {
            "night": chosen.night.isoformat(),
            "why": chosen.why,
            "is_first": chosen.is_first,
            "first": asked.first,
            "conf": asked.conf,
            "provisioned": provisioned,
        }


class StartNightOperator(BaseOperator):
    """Start the first stages of the chosen night, or join a night of the date that is running.

    Before the extracts the platform is provisioned, as by `make night`: what the repository declares may have
    changed since (`bin/source add`), and Airbyte would still read what was declared before.

    Args:
        chosen_by: id of the `ChooseNightOperator`'s task.

    Returns a document: `run_ids` by stage, and `heading` for the notes.

    Raises:
        NightRequestError: a stage is paused, or a running night was started otherwise.
        ProvisioningFailedError: the message names each failed task.
        AirflowApiError: Airflow's API does not answer.
    """

    def __init__(self, *, chosen_by: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.chosen_by = chosen_by

    def execute(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Start."""
        with _note_of_refusal(context):
            return self._started(context)

    def _provision(self, api: AirflowApi, is_done: bool, is_first: bool) -> None:
        from lakehouse.night_run.first_night import first_night
        from lakehouse.night_run.provisioning import provision

        if is_done:
            return
        if is_first and (first := first_night()):
            first.prepare()
        self.log.info("platform provisioned in %.0f s", provision(api))

    def _started(self, context: Mapping[str, Any]) -> dict[str, Any]:
        from lakehouse.night_run.first_runs import start_or_join
        from lakehouse.night_run.request import NightRequest

        chosen = context["ti"].xcom_pull(task_ids=self.chosen_by)
        night = date.fromisoformat(chosen["night"])
        asked = NightRequest(night, chosen["first"], **chosen["conf"])
        api = AirflowApiHook().get_conn()
        begun = start_or_join(
            api, asked, night, partial(self._provision, api, chosen["provisioned"], chosen["is_first"])
        )
        if begun.joined:
            heading = f"The night of {night}: joined at {begun.joined}, where it was running already"
        else:
            heading = f"The night of {night} from {asked.first}: {chosen['why']}"
        self.log.info("%s", heading)
        for run in begun.runs.values():
            self.log.info("%s: %s", run.dag_id, api.run_page(run))
        return {"run_ids": {name: run.run_id for name, run in begun.runs.items()}, "heading": heading}


class FollowNightOperator(BaseOperator):
    """Follow the night to its end without a worker. The run's note says where it is, then how it went.

    Killing it ends only the following. An attempt after that, or after clearing it, goes on.

    Args:
        chosen_by: id of the `ChooseNightOperator`'s task.
        started_by: id of the `StartNightOperator`'s task.

    Returns the page of a night that is served, as Markdown.

    Raises:
        NightFailedError: tasks of the night failed.
        FollowingLostError: Airflow's API was away for too long.
    """

    def __init__(self, *, chosen_by: str, started_by: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.chosen_by = chosen_by
        self.started_by = started_by

    def execute(self, context: Mapping[str, Any]) -> None:
        """Hand over to the triggerer."""
        from lakehouse.night_run.triggers import FollowNightTrigger

        chosen = context["ti"].xcom_pull(task_ids=self.chosen_by)
        started = context["ti"].xcom_pull(task_ids=self.started_by)
        self.defer(
            trigger=FollowNightTrigger(
                night=chosen["night"],
                run_ids=started["run_ids"],
                conf=chosen["conf"],
                dag_id=context["ti"].dag_id,
                run_id=context["ti"].run_id,
                heading=started["heading"],
            ),
            method_name="ended",
            timeout=LONGEST_NIGHT,
        )

    def ended(self, context: Mapping[str, Any], event: Mapping[str, Any]) -> str:
        """Back from the triggerer: say how the night went."""
        from lakehouse.night_run.outcome import StageEnd, outcome_of
        from lakehouse.night_run.page import note, page
        from lakehouse.platform.airflow_api import NOTE_CHARACTERS
        from lakehouse.platform.database import platform_postgres

        if "lost" in event:
            raise (PermanentError if event["is_final"] else FollowingLostError)(event["lost"])
        chosen = context["ti"].xcom_pull(task_ids=self.chosen_by)
        api = AirflowApiHook().get_conn()
        ends = [StageEnd(**each) for each in event["ends"]]
        outcome = outcome_of(api, platform_postgres(), date.fromisoformat(chosen["night"]), ends)
        whole = page(outcome)
        for line in whole.splitlines():
            self.log.info("%s", line)
        api.annotate(context["ti"].dag_id, context["ti"].run_id, note(outcome, NOTE_CHARACTERS))
        if not outcome.is_served:
            raise NightFailedError(
                f"the night of {outcome.night} failed. "
                "Do what stands behind 'To do', then clear this task: it goes on following. | "
                f"{' | '.join(str(each) for each in outcome.failed)}"
            )
        return whole
