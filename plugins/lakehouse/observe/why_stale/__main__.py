"""`python -m lakehouse.observe.why_stale NAME`: why a dashboard or gold table does not show the newest date.

NAME is a dashboard's slug or title, or a gold table. Of a live dashboard or a serving view, the stream is
told. On the embedded platform: `bin/why-stale`. Exit code: 0 it is fresh, 1 it is stale or cannot be seen, 2
there is no such name or date.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from airflow.sdk import BaseHook

from lakehouse.dremio.hook import DremioHook
from lakehouse.night.business_date import BusinessDateError, parse_business_date
from lakehouse.observe.facts.lineage import read_lineage
from lakehouse.observe.why_stale.hops import Verdict
from lakehouse.observe.why_stale.live import live_name, why_live_is_stale
from lakehouse.observe.why_stale.services import LiveScheduling, LiveServing
from lakehouse.observe.why_stale.show import lines
from lakehouse.observe.why_stale.walk import UnknownNameError, subject_of, why_stale
from lakehouse.platform.airflow_api import AirflowApi
from lakehouse.platform.command_line import look_in_airflow_s_database
from lakehouse.platform.database import platform_postgres
from lakehouse.platform.names import AIRFLOW_CONNECTION
from lakehouse.superset.hook import SupersetHook

PATIENCE_SECONDS = 3.0
"""How long Airflow may stay silent: somebody is waiting at a terminal."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Walk the hops and print them."""
    parser = argparse.ArgumentParser(
        prog="python -m lakehouse.observe.why_stale",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", metavar="NAME", help="a dashboard's slug or title, or a gold table")
    parser.add_argument("--date", help="the business date that should be there; by default the newest due")
    parser.add_argument("--json", action="store_true", help="for programs")
    options = parser.parse_args(arguments)
    look_in_airflow_s_database()
    lineage = read_lineage()
    if (live := live_name(lineage, options.name)) is not None:
        told = why_live_is_stale(live, platform_postgres(), LiveScheduling(_airflow()), datetime.now(UTC))
        return _print(told, as_json=options.json)
    try:
        subject = subject_of(lineage, options.name)
        day = parse_business_date(options.date) if options.date else None
    except (UnknownNameError, BusinessDateError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    serving = LiveServing(DremioHook().get_conn(), SupersetHook().get_conn())
    verdict = why_stale(
        subject, lineage, platform_postgres(), serving, LiveScheduling(_airflow()), datetime.now(UTC), day
    )
    return _print(verdict, as_json=options.json)


def _print(verdict: Verdict, as_json: bool) -> int:
    """Print it; the exit code that it comes to."""
    print(json.dumps(verdict.to_json(), indent=2) if as_json else "\n".join(lines(verdict)))
    return 0 if verdict.is_fresh else 1


def _airflow() -> AirflowApi:
    where = BaseHook.get_connection(AIRFLOW_CONNECTION)
    host = (where.host or "").rstrip("/")
    address = host if "://" in host else f"{where.schema or 'http'}://{host}"
    if where.port:
        address = f"{address}:{where.port}"
    return AirflowApi(address, where.login or "", where.password or "", patience_seconds=PATIENCE_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
