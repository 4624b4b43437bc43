"""What Airflow must know by name: timetable, deadlines, who hears of failures, the page "Pipeline health"."""

from __future__ import annotations

from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

from lakehouse.night.deadlines import PlannedEnd
from lakehouse.night.timetable import NightTimetable
from lakehouse.observe.health_page import mounted
from lakehouse.observe.incidents import listener
from lakehouse.observe.logs.task_link import LOG_SEARCH_LINK


class LakehousePlugin(AirflowPlugin):
    """Registers the lakehouse's own classes with Airflow."""

    name = "lakehouse"
    timetables: ClassVar[list[Any]] = [NightTimetable]
    deadline_references: ClassVar[list[Any]] = [PlannedEnd]
    listeners: ClassVar[list[Any]] = [listener]
    global_operator_extra_links: ClassVar[list[Any]] = [LOG_SEARCH_LINK]
    fastapi_apps: ClassVar[list[Any]] = [mounted.FASTAPI_APP]
    external_views: ClassVar[list[Any]] = [mounted.EXTERNAL_VIEW]
