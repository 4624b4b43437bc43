"""The task of `watch_platform`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import BaseOperator


class WatchPlatformOperator(BaseOperator):
    """Looks at Airflow, repairs and tells what it finds; then does what the observer does as well.

    Raises:
        ChoreFailedError: part of it could not be done; the rest was.
    """

    def execute(self, context: Mapping[str, Any]) -> None:
        """Go one round."""
        # The client of Airflow's API and the providers behind the connections: not at parse time.
        from lakehouse.observe.watch.chores import do_all

        do_all()
