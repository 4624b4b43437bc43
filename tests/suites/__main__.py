"""`python -m tests.suites [test|rest|<kind>|<kind>/<part> ...]`: run suites, and sum up."""

from __future__ import annotations

import sys
import time

from embedded.declared import shop_is_declared
from tests.suites.report import summary
from tests.suites.run import run_in_lanes
from tests.suites.table import WHY_LEFT_OUT, chosen, files_in_no_suite, left_out


def main() -> int:
    """Exit code 1 when a suite has failed; to be over budget is not a failure."""
    try:
        suites = chosen(sys.argv[1:])
    except ValueError as error:
        sys.exit(f"error: {error}")
    if wrong := files_in_no_suite():
        sys.exit(f"error: not in exactly one suite of tests/suites/table.py: {', '.join(wrong)}")
    without = left_out(suites, shop_is_declared())
    for suite in without:
        print(f"suite {suite.name} is left out: {WHY_LEFT_OUT}", flush=True)
    suites = [suite for suite in suites if suite not in without]
    began = time.monotonic()
    outcomes = run_in_lanes(suites)
    print(summary(outcomes, time.monotonic() - began))
    return 1 if any(outcome.exit_code for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
