"""
### Run a night

**Produces:** the night of one business date, from the stage that you choose to the warm dashboards. The note
on this run says where the night is and, at its end, what was published, or what failed and what to do. The
whole page is what `follow_the_night` returns (its XCom), and its log has it too.

**Reads:** the receipts (`night_receipts`), and Airflow's own REST API (connection `airflow_api`), by which it
starts the stages and follows them.

**When and why:** by hand: *Trigger*, and a date. Without a date it runs the newest night that is not served
yet: tonight's from 01:00 UTC on, else the newest date whose receipt is not complete. As long as no night was
served, a deployment whose data ends in the past may name its first one (`LAKEHOUSE_FIRST_NIGHT`). From the
first stage it provisions the platform (`provision_platform`), so that what `bin/source` has changed counts,
and starts both extracts; all later stages follow by themselves. If a night of the date is running already, it
follows that one. *Sync again* asks the sources although the date's landing is complete. *Full refresh*
rebuilds staging, intermediate and marts. A second `run_night` stays *Queued* until the first has ended.

**If it fails:** `choose_the_night` and `start_or_join_the_night` say in one sentence what to choose instead.
`follow_the_night` fails with the night, once nothing of it is at work any more, and names every failed task
with its cause and what to do. Do that; then clear `follow_the_night`, and it goes on following.

**Safe to rerun?** Yes. A night may be run again for any date, from any stage. Ending this run ends only the
following: the stages go on.
"""

from __future__ import annotations

from airflow.sdk import Param, dag

from lakehouse.night.dag_defaults import dag_arguments, display_name
from lakehouse.night.plan import NIGHT
from lakehouse.night_run.operators import (
    LONGEST_NIGHT,
    ChooseNightOperator,
    FollowNightOperator,
    StartNightOperator,
)

PARAMS = {
    "date": Param(
        None,
        type=["null", "string"],
        format="date",
        title="Business date",
        description="The night of this date. Empty: the newest night not served yet.",
    ),
    "from_stage": Param(
        NIGHT[0].name,
        enum=[stage.name for stage in NIGHT],
        values_display={stage.name: f"{n}: {stage.name}, {stage.title}" for n, stage in enumerate(NIGHT, 1)},
        title="From stage",
        description="This stage and all later ones run. Each of the two extracts stands for both.",
    ),
    "force_sync": Param(
        False,
        type="boolean",
        title="Sync again",
        description="Read the sources again, even if the date's landing is complete.",
    ),
    "full_refresh": Param(
        False,
        type="boolean",
        title="Full refresh",
        description="Rebuild staging, intermediate and marts instead of merging. Gold is only merged.",
    ),
}


@dag(
    **dag_arguments("run_night", __doc__, frozenset({"night"}), PARAMS)
    | {
        "dag_display_name": display_name(0, "run_night"),
        "description": "start here: a night by hand, with a date picker",
        "dagrun_timeout": LONGEST_NIGHT,
    }
)
def run_night() -> None:
    choose = ChooseNightOperator(task_id="choose_the_night")
    start = StartNightOperator(task_id="start_or_join_the_night", chosen_by=choose.task_id)
    follow = FollowNightOperator(
        task_id="follow_the_night",
        chosen_by=choose.task_id,
        started_by=start.task_id,
        execution_timeout=LONGEST_NIGHT,
    )

    choose >> start >> follow


run_night()
