"""
### Tell people how the night was

**Produces:** one message to everybody whom the connection `alerts_default` names: the night is green, with
what was published, rows, quarantined rows, when the dashboards were warm and how old the data is; or what has
failed, is still running or never started, with the command to type. If it becomes green later, a second
message says so.

**Reads:** the receipts (`night_receipts`), the open incidents (`incidents`) and dbt's run history.

**When and why:** at 05:00 UTC, a quarter of an hour after the night's planned end. Silence is not health: who
hears nothing by then knows that the message itself did not come. If Airflow is down, the observer sends the
message ten minutes later.

**If it fails:** the error says whether PostgreSQL or the notifier did not answer. The message stays in
`alert_outbox` and leaves with the next try.

**Safe to rerun?** Yes. A night's message is written once.
"""

from airflow.sdk import CronTriggerTimetable, dag

from lakehouse.night.dag_defaults import dag_arguments
from lakehouse.observe.morning.operators import ReportMorningOperator

FIVE_O_CLOCK = "0 5 * * *"


@dag(
    **dag_arguments("report_morning", __doc__, frozenset({"operations"}))
    # Every day at 05:00 UTC.
    | {"schedule": CronTriggerTimetable(FIVE_O_CLOCK, timezone="UTC")}
)
def report_morning() -> None:
    ReportMorningOperator(task_id="tell_people")


report_morning()
