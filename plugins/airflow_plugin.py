"""What Airflow's scheduler must know by name: the night's timetable and its deadlines."""

from __future__ import annotations

from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

from lakehouse.night.deadlines import PlannedEnd
from lakehouse.night.timetable import NightTimetable


class LakehousePlugin(AirflowPlugin):
    """Registers the lakehouse's own classes with Airflow."""

    name = "lakehouse"
    timetables: ClassVar[list[Any]] = [NightTimetable]
    deadline_references: ClassVar[list[Any]] = [PlannedEnd]
