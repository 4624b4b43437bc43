"""`python -m lakehouse.observe.eta [show|backtest]`: when the dashboards will be warm, and how good that is.

`show` forecasts the night that is going on, or the one of `--date`, and says what may be left out to be in
time. `backtest` forecasts each past night from those before it and counts how many the 90 % band held. On the
embedded platform: `bin/eta`. Exit code: 0 done, 1 the night will be late, 2 there is no such night.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

from lakehouse.night.business_date import BusinessDateError, parse_business_date
from lakehouse.night.plan import NIGHT
from lakehouse.observe.eta.backtest import WARM_UP, backtest, coverage
from lakehouse.observe.eta.estimate import (
    Estimate,
    active_dates,
    advice_for,
    estimate,
    learnable,
    will_be_late,
)
from lakehouse.observe.eta.shedding import Advice
from lakehouse.observe.eta.tonight import NightState
from lakehouse.observe.facts.nights import stage_runs
from lakehouse.platform.command_line import look_in_airflow_s_database
from lakehouse.platform.database import PostgresConnections, platform_postgres
from lakehouse.platform.errors import LakehouseError

BANDS = (0, 3, 6)
"""A night is forecast when it begins, and after so many stages."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command."""
    parser = argparse.ArgumentParser(
        prog="python -m lakehouse.observe.eta",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", nargs="?", choices=("show", "backtest"), default="show")
    parser.add_argument("--date", help="the business date; by default the night that is going on")
    parser.add_argument("--json", action="store_true", help="for programs")
    options = parser.parse_args(arguments)
    look_in_airflow_s_database()
    try:
        day = parse_business_date(options.date) if options.date else None
        postgres = platform_postgres()
        if options.command == "backtest":
            return _backtest(postgres, options.json)
        return _show(postgres, datetime.now(UTC), day, options.json)
    except (BusinessDateError, LakehouseError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _show(postgres: PostgresConnections, now: datetime, day: date | None, as_json: bool) -> int:
    runs = stage_runs(postgres)
    dates = [day] if day else active_dates(runs, now)
    if not dates or (day and not any(run.business_date == day for run in runs)):
        known = f" for {day}" if day else ""
        print(f"no night is going on or expected{known}", file=sys.stderr)
        return 2
    # By the clock, then what is not over, then the newest.
    made = sorted(
        (estimate(runs, each, now) for each in dates),
        key=lambda each: (
            each.tonight.by_clock,
            each.made.state is not NightState.SERVED,
            each.tonight.business_date,
        ),
    )[-1:]
    told = [(each, advice_for(postgres, each, now) if will_be_late(each.made) else []) for each in made]
    if as_json:
        print(json.dumps([_document(each, advice) for each, advice in told], indent=2, default=str))
    else:
        print("\n\n".join("\n".join(lines(each, advice)) for each, advice in told))
    return 1 if any(will_be_late(each.made) for each in made) else 0


def lines(estimated: Estimate, advice: Sequence[Advice]) -> Iterator[str]:
    """A forecast as text."""
    tonight, made = estimated.tonight, estimated.made
    learnt = f"learnt from {made.nights} night{'s' if made.nights != 1 else ''}"
    if made.state is NightState.STOPPED:
        yield (
            f"{tonight.business_date}: stopped, {tonight.failed} has failed. "
            f"To go on: bin/stage clear {tonight.failed} {tonight.business_date}"
        )
    elif made.state is NightState.SERVED:
        yield f"{tonight.business_date}: the dashboards are warm since {made.p50:%Y-%m-%d %H:%M:%S} UTC"
    else:
        yield (
            f"{tonight.business_date}: the dashboards will be warm about {made.p50:%Y-%m-%d %H:%M:%S} UTC, "
            f"nine nights in ten between {made.p05:%H:%M:%S} and {made.p95:%H:%M:%S} ({learnt})"
        )
    if made.deadline is None:
        yield "  no deadline: it does not run by the clock"
    elif made.p_miss is not None:
        yield f"  due {made.deadline:%H:%M} UTC, missed with a probability of {made.p_miss:.0%}"
    for each in NIGHT:
        run = tonight.runs.get(each.name)
        state = "waiting" if run is None else str(run.state)
        end = made.ends.get(each.name)
        yield f"  {each.name:<24}{state:<9}{f'{end:%H:%M:%S}' if end else ''}"
    for advised in advice:
        shed = advised.shedding
        miss = "" if advised.p_miss is None else f", then missed with {advised.p_miss:.0%}"
        yield f"  may be left out: {shed.task}, saves {advised.saved_seconds:.0f} s{miss}; {shed.lost}"
        yield f"    type: {shed.command(tonight.business_date)}"
        yield f"    the next day: {shed.catch_up_command(tonight.business_date)}"


def _document(estimated: Estimate, advice: Sequence[Advice]) -> dict[str, Any]:
    made = estimated.made
    return {
        "business_date": estimated.tonight.business_date,
        "state": made.state,
        "at_work": estimated.tonight.at_work,
        "p05": made.p05,
        "p50": made.p50,
        "p95": made.p95,
        "p_miss": made.p_miss,
        "deadline": made.deadline,
        "nights_learnt": made.nights,
        "stage_ends": made.ends,
        "may_be_left_out": [
            {
                "task": each.shedding.task,
                "saved_seconds": each.saved_seconds,
                "p_miss": each.p_miss,
                "command": each.shedding.command(estimated.tonight.business_date),
            }
            for each in advice
        ],
    }


def _backtest(postgres: PostgresConnections, as_json: bool) -> int:
    nights = learnable(stage_runs(postgres))
    accounts = {after: coverage(backtest(nights, after=after)) for after in BANDS}
    if as_json:
        told = {
            after: {"nights": each.nights, "inside": each.inside, "width_seconds": each.width_seconds}
            for after, each in accounts.items()
        }
        print(json.dumps({"nights": len(nights), "bands": told}, indent=2))
        return 0
    print(f"{len(nights)} whole nights; the first {min(WARM_UP, len(nights))} are only learnt from")
    for after, each in accounts.items():
        when = "when the night begins" if after == 0 else f"after {after} stages"
        print(
            f"  {when:<22} {each.inside} of {each.nights} inside the 90 % band ({each.share:.0%}), "
            f"{each.early} before it, {each.late} after it; it is {each.width_seconds:.0f} s wide"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
