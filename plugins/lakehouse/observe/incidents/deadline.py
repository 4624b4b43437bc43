"""Airflow's callback for a missed deadline. Every DAG file names it, so importing it costs nothing."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

log = logging.getLogger(__name__)


async def tell_missed_deadline(stage_name: str, planned_end_utc: str, **kwargs: Any) -> None:
    """Log which stage of which night is late, and tell people. Runs in the triggerer's event loop."""
    run = (kwargs.get("context") or {}).get("dag_run") or {}
    night, state = run.get("partition_key"), run.get("state")
    run_id = run.get("dag_run_id") or run.get("run_id")
    log.error(
        "DEADLINE MISSED stage=%s date=%s planned_end=%s UTC run=%s state=%s",
        stage_name,
        night,
        planned_end_utc,
        run_id,
        state,
    )
    try:
        await asyncio.to_thread(_tell, stage_name, night, run_id, state)
    except Exception:
        log.exception("the missed deadline was not told; the next reconciliation tells it")


def _tell(stage_name: str, partition_key: str | None, run_id: str | None, state: Any) -> None:
    from lakehouse.night.business_date import business_date_or_none
    from lakehouse.observe.incidents.delivery import deliver_alerts
    from lakehouse.observe.incidents.here import postgres_here
    from lakehouse.observe.incidents.lateness import late_stage
    from lakehouse.observe.incidents.spool import tell_or_keep

    night = business_date_or_none(partition_key)
    word = None if state is None else str(getattr(state, "value", state))
    if night is None or word in ("success", "failed"):
        # Airflow calls for a run that has ended long ago as well (apache/airflow#60927): that is told.
        return
    postgres = postgres_here()
    if tell_or_keep(postgres, late_stage(stage_name, night, run_id, word)):
        deliver_alerts(postgres)
