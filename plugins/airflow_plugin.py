"""What Airflow itself must know by name: the deadline reference, which the scheduler evaluates."""

from __future__ import annotations

from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

from lakehouse.deadlines import PlannedEnd


class LakehousePlugin(AirflowPlugin):
    """Registers the lakehouse's own classes with Airflow."""

    name = "lakehouse"
    deadline_references: ClassVar[list[Any]] = [PlannedEnd]
