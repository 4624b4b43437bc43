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

from datetime import UTC, datetime

from airflow.sdk import CronTriggerTimetable, dag, task

from lakehouse.night.dag_defaults import dag_arguments

FIVE_O_CLOCK = "0 5 * * *"


@dag(
    **dag_arguments("report_morning", __doc__, frozenset({"operations"}))
    | {"schedule": CronTriggerTimetable(FIVE_O_CLOCK, timezone="UTC")}
)
def report_morning() -> None:
    @task
    def tell_people() -> str:
        """Write the message of today's night, and send it."""
        from lakehouse.observe.incidents.delivery import deliver_alerts
        from lakehouse.observe.morning.report import tell_morning
        from lakehouse.platform.database import platform_postgres

        postgres = platform_postgres()
        state = tell_morning(postgres, datetime.now(UTC).date())
        deliver_alerts(postgres)
        return f"the night is {state}" if state else "told before"

    tell_people()


report_morning()
