"""The command: provision the platform, start the night of a date, follow its nine stages, say how it went."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from datetime import date
from typing import Final

from rich.console import Console

from lakehouse.night.business_date import BusinessDateError, parse_business_date
from lakehouse.night.plan import NIGHT
from lakehouse.night_run.follow import NightFollower
from lakehouse.night_run.provisioning import PROVISION, ProvisioningFailedError, provision
from lakehouse.night_run.receipts_read import NightReceipt
from lakehouse.night_run.show import NightDisplay
from lakehouse.night_run.signs_of_life import signs_of_life
from lakehouse.night_run.summary import failure_lines, success_lines
from lakehouse.night_run.waiting import WaitTold
from lakehouse.platform.airflow_api import AirflowApi, AirflowApiError
from lakehouse.platform.console import CommandConsole

NEEDED: Final = ("AIRFLOW_URL", "AIRFLOW_USER", "AIRFLOW_PASSWORD")
PARSE_SECONDS: Final = 180.0
"""How long Airflow may take to know all DAGs after it came up."""
POLL_SECONDS: Final = 1.0
AIRFLOW_AWAY_SECONDS: Final = 300.0
"""How long Airflow, or its database, may be away until the command gives up. The night goes on without it."""


class NightRefusedError(Exception):
    """The night could not be started; the message says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the night; 0 only if all nine stages succeeded, 2 for wrong arguments."""
    parser = argparse.ArgumentParser(prog="python -m lakehouse.night_run", description=__doc__)
    parser.add_argument("date", help="the business date, YYYY-MM-DD")
    parser.add_argument("--force-sync", action="store_true", help="ask the sources again for a complete date")
    options = parser.parse_args(arguments)
    console = CommandConsole(soft_wrap=True, highlight=False)
    try:
        night = parse_business_date(options.date)
        if missing := [name for name in NEEDED if not os.environ.get(name)]:
            raise NightRefusedError(f"not set: {', '.join(missing)} (on the embedded platform: `make env`)")
    except (BusinessDateError, NightRefusedError) as error:
        print(error, file=sys.stderr)
        return 2
    url, user, password = (os.environ[name] for name in NEEDED)
    told = WaitTold(console, AIRFLOW_AWAY_SECONDS)
    api = AirflowApi(url, user, password, patience_seconds=AIRFLOW_AWAY_SECONDS, on_wait=told.waits)
    try:
        return run_night(api, night, console, options.force_sync)
    except (AirflowApiError, NightRefusedError, ProvisioningFailedError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("left: the night goes on in Airflow", file=sys.stderr)
        return 130


def run_night(api: AirflowApi, night: date, console: Console, force_sync: bool = False) -> int:
    """Provision, start, follow and sum up the night of that date; its exit code.

    Raises:
        AirflowApiError: Airflow does not answer or refuses.
        NightRefusedError: a DAG is missing.
        ProvisioningFailedError: the platform could not be provisioned.
    """
    receipt = NightReceipt(night)
    paused = _await_dags(api)
    console.print(f"platform provisioned in {provision(api):.0f} s", markup=False)
    for stage in NIGHT:
        if stage.name in paused:
            api.unpause(stage.name)
    extracts = {
        stage.name: api.trigger(stage.name, night.isoformat(), {"force_sync": force_sync})
        for stage in NIGHT
        if not stage.waits_for
    }
    follower = NightFollower(api, night, extracts, signs_of_life(api))
    with NightDisplay(console, receipt) as display:
        while True:
            follower.poll()
            display.show(follower.stages.values())
            if follower.is_over:
                break
            time.sleep(POLL_SECONDS)
    stages = list(follower.stages.values())
    ended = {each.stage.name: each.run.run_id for each in stages if each.run and each.run.has_ended}
    missing = receipt.wait_for(ended)
    if not follower.failed:
        lines = success_lines(stages, receipt, api, os.environ["AIRFLOW_USER"])
    else:
        lines = failure_lines(follower.failed, receipt, api)
    if missing:
        lines.append(f"              it lacks the end of {', '.join(missing)}: see the tasks' logs")
    for line in lines:
        console.print(line, markup=False)
    return 1 if follower.failed else 0


def _await_dags(api: AirflowApi) -> set[str]:
    """Wait until Airflow has parsed the night's DAGs; returns those that are paused."""
    needed = {PROVISION, *(stage.name for stage in NIGHT)}
    until = time.monotonic() + PARSE_SECONDS
    while missing := sorted(needed - (paused_by_dag := api.paused_by_dag()).keys()):
        if errors := api.import_errors():
            raise NightRefusedError("Airflow cannot import its DAGs:\n  " + "\n  ".join(errors))
        if time.monotonic() > until:
            raise NightRefusedError(
                f"Airflow does not know: {', '.join(missing)}. Look at its DAG processor's log"
            )
        time.sleep(POLL_SECONDS)
    return {dag_id for dag_id in needed if paused_by_dag[dag_id]}


if __name__ == "__main__":
    sys.exit(main())
