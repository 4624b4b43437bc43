"""The clock of the stages that start by it: every night at the planned time, for the date of that night."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from airflow.timetables.trigger import CronPartitionTimetable

from lakehouse.night.plan import night_window

if TYPE_CHECKING:
    from airflow.timetables.base import DagRunInfo, TimeRestriction
    from pendulum import DateTime


class NightTimetable(CronPartitionTimetable):
    """Airflow's CronPartitionTimetable with three corrections, each seen in Airflow 3.3.2.

    - A missed start is made up for only while its night's window is open. Airflow's own starts today's 01:00
      at whatever hour a DAG is unpaused or an old date is backfilled.
    - `airflow backfill create --to-date 2025-10-17` includes the 17th, as the command's help promises.
      Airflow's own stops at midnight, before that night's start.
    - A run's partition date is its date's midnight whatever the planned start, so that the stages which wait
      for two such runs are not told two dates for one key.
    """

    def next_dagrun_info_v2(
        self, *, last_dagrun_info: DagRunInfo | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """The next night to start by the clock."""
        following = super().next_dagrun_info_v2(last_dagrun_info=last_dagrun_info, restriction=restriction)
        if following is None or restriction.catchup:
            return following
        _, closes = night_window(following.run_after.date())
        if datetime.now(UTC) <= closes:
            return following
        run_after = self._get_next(following.run_after)
        if restriction.latest is not None and restriction.latest < run_after:
            return None
        partition_date, partition_key = self._get_partition_info(run_date=run_after)
        return following._replace(
            run_after=run_after, partition_date=partition_date, partition_key=partition_key
        )

    def iter_partition_dagrun_infos(self, *, earliest: datetime, latest: datetime) -> Iterable[DagRunInfo]:
        """The nights of a backfill: every date from `earliest` to `latest`, both included."""
        if latest.time() == time.min:
            latest += timedelta(days=1, microseconds=-1)
        for info in super().iter_partition_dagrun_infos(earliest=earliest, latest=latest):
            yield info._replace(partition_date=_midnight(info.run_after))

    def _get_partition_date(self, *, run_date: DateTime) -> DateTime:
        return _midnight(run_date)


def _midnight(moment: DateTime) -> DateTime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
