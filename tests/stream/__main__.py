"""python -m tests.stream [--seconds 600] [--rate 200] [--seed n]: prints what is done, killed and found."""

from __future__ import annotations

import argparse
import os
import random
import sys


def main() -> int:
    parser = argparse.ArgumentParser(prog="stream", description=__doc__)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument(
        "--rate", type=int, default=200, help="changes per second; a tenth of it and ten times it come too"
    )
    parser.add_argument("--seed", type=int, default=None, help="default: a random one, which is printed")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(1_000_000) if options.seed is None else options.seed
    # Before Airflow is imported: what its clients log would bury the report.
    os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "CRITICAL"
    from tests.stream.whole_run import whole_run

    print(f"stream: {options.seconds} s of changes, {options.rate}/s, seed {seed}", flush=True)
    whole_run(options.seconds, options.rate, seed, lambda line: print(line, flush=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
