"""python -m tests.soak [--dates 30] [--seed n]: prints the faults as they come, and what was proven."""

from __future__ import annotations

import argparse
import os
import random
import sys


def main() -> int:
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--dates", type=int, default=30)
    parser.add_argument("--seed", type=int, default=None, help="default: a random one, which is printed")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(1_000_000) if options.seed is None else options.seed
    # Before Airflow is imported: what its tasks log would bury the report.
    os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "CRITICAL"
    from tests.soak.platform import soak_platform
    from tests.soak.soak import Soak

    print(f"soak: {options.dates} business dates, seed {seed}", flush=True)
    with soak_platform() as platform:
        report = Soak(platform, seed, lambda line: print(line, flush=True)).run(options.dates)
    print(f"{report.failures} failures, each by name, each rerun")
    print("faults: " + ", ".join(f"{name} {times}x" for name, times in sorted(report.faults.items())))
    reckoned = report.reckoned
    print(
        f"{reckoned.partitions} partitions, {reckoned.rows_compared} rows and {reckoned.deletions_compared} "
        f"deletions equal to the shop's history, {reckoned.rows_quarantined} rows in quarantine; "
        f"{report.partitions_replayed_equal} partitions replayed in random order, the same bytes; "
        f"{report.seconds:.0f} s"
    )
    print(f"content at the end: {reckoned.content}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
