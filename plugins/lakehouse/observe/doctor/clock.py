"""Do the clocks of the platform agree? Deadlines, caches, signatures and the order of syncs depend on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from lakehouse.observe.doctor.finding import Finding, error, warn
from lakehouse.observe.doctor.surroundings import Surroundings
from lakehouse.platform import names

WARN_SECONDS: Final = 5.0
ERROR_SECONDS: Final = 300.0
"""S3 refuses requests that are signed 15 minutes off; a night's order goes wrong before that."""

Reading = Callable[[Surroundings], tuple[datetime, float]]
"""The service's time, and by how many seconds it may be wrong besides the time the question took."""


def clock_look(service: str) -> Callable[[Surroundings], Iterator[Finding]]:
    """The look at one service's clock."""

    def look(around: Surroundings) -> Iterator[Finding]:
        asked = around.now()
        theirs, precision = _READINGS[service](around)
        answered = around.now()
        # Whatever lies between question and answer is right.
        ahead, behind = (theirs - answered).total_seconds(), (asked - theirs).total_seconds()
        off = max(ahead, behind) - precision
        if off <= WARN_SECONDS:
            return
        word = "ahead of" if ahead > behind else "behind"
        what = f"the clock of {service} is {off:.0f} s {word} this machine's"
        seen = f"{service}: {theirs.isoformat()}, here: {answered.isoformat()}"
        yield (error if off > ERROR_SECONDS else warn)(what, seen, "timedatectl status")

    return look


def _postgres(around: Surroundings) -> tuple[datetime, float]:
    with around.postgres().cursor() as cursor:
        cursor.execute("select clock_timestamp()")
        return cursor.fetchone()[0].astimezone(UTC), 0.0


def _s3(around: Surroundings) -> tuple[datetime, float]:
    lake = around.lake()
    headers = lake.client.head_bucket(Bucket=lake.bucket)["ResponseMetadata"]["HTTPHeaders"]
    return _of_header(headers["date"])


def _over_http(url: Callable[[Surroundings], str]) -> Reading:
    def read(around: Surroundings) -> tuple[datetime, float]:
        import httpx

        # Whatever the answer is, it is dated.
        return _of_header(httpx.get(url(around), timeout=8).headers["date"])

    return read


def _of_header(date: str) -> tuple[datetime, float]:
    return parsedate_to_datetime(date).astimezone(UTC), 1.0


_READINGS: Final[dict[str, Reading]] = {
    "postgres": _postgres,
    "s3": _s3,
    "dremio": _over_http(lambda around: around.dremio().base_url),
    "airbyte": _over_http(lambda around: around.airbyte().base_url),
    "superset": _over_http(lambda around: around.superset().base_url),
    "airflow": _over_http(lambda around: around.airflow().url),
}
CLOCKS: Final[dict[str, tuple[str, ...]]] = {
    "postgres": (names.PLATFORM_CONNECTION,),
    "s3": (names.LAKE_CONNECTION,),
    "dremio": (names.DREMIO_CONNECTION,),
    "airbyte": (names.AIRBYTE_CONNECTION,),
    "superset": (names.SUPERSET_CONNECTION,),
    "airflow": (names.AIRFLOW_CONNECTION,),
}
"""The services whose clock is looked at, and the connections it takes."""
