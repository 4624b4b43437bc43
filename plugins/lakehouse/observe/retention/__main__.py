"""`python -m lakehouse.observe.retention plan|apply [--only landing,...] [--json]`: what is old enough to go.

`plan` shows what include/observe/retention.yaml would delete or compress again today, in objects, rows and
bytes, and changes nothing. `apply` makes the same plan, prints it, and does what it lists. On the embedded
platform: `bin/retention`. Exit code: 0 done, 1 something was kept that the plan listed, 2 refused or failed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from lakehouse.observe.retention.plan import Applied, KindPlan, as_lines, as_table
from lakehouse.observe.retention.policy import KINDS, load_policy
from lakehouse.observe.retention.tidy import Tidying, of_platform
from lakehouse.platform.command_line import look_in_airflow_s_database
from lakehouse.platform.errors import LakehouseError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command."""
    parser = argparse.ArgumentParser(
        prog="python -m lakehouse.observe.retention",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=("plan", "apply"))
    parser.add_argument("--only", default="", help=f"of these, separated by commas: {', '.join(KINDS)}")
    parser.add_argument("--items", action="store_true", help="name every item as well")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of lines")
    options = parser.parse_args(arguments)
    look_in_airflow_s_database()
    try:
        tidying = of_platform(load_policy())
        plans, failed = _plans(tidying, [word for word in options.only.split(",") if word])
        if not options.json:
            print(as_table(plans), flush=True)
            for plan in plans if options.items else ():
                print("\n".join([plan.kind, *as_lines(plan.items)]))
        applied = tidying.apply(plans) if options.command == "apply" else []
    except LakehouseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for words in failed:
        print(f"error: {words}", file=sys.stderr)
    if options.json:
        document = {"plans": [asdict(plan) for plan in plans], "applied": list(map(asdict, applied))}
        print(json.dumps(document, default=str))
    else:
        print("\n".join(line_of(plan, done) for plan, done in zip(plans, applied, strict=False)))
    if failed:
        return 2
    return 1 if any(done.skipped for done in applied) else 0


def _plans(tidying: Tidying, only: list[str]) -> tuple[list[KindPlan], list[str]]:
    """The plans of all kinds that could be looked at, and why the others could not."""
    plans: list[KindPlan] = []
    failed: list[str] = []
    for kind in tidying.chosen(only):
        try:
            plans += tidying.plan([kind])
        except LakehouseError as error:
            failed.append(f"{kind}: {error}")
    return plans, failed


def line_of(plan: KindPlan, done: Applied) -> str:
    """What was done of one kind, and what was not."""
    word = "deleted" if done.verb == "delete" else "compressed again"
    line = (
        f"{done.kind}: {word} {done.items:,} of {len(plan.items):,} items,"
        f" {done.objects:,} objects, {done.rows:,} rows, {done.bytes:,} bytes freed"
    )
    return "\n".join([line, *(f"  kept {words}" for words in done.skipped)])


if __name__ == "__main__":
    sys.exit(main())
