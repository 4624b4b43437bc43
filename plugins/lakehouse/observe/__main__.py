"""`python -m lakehouse.observe`: the observer, until it is told to stop.

It finds the platform's PostgreSQL by `AIRFLOW_CONN_PLATFORM_POSTGRES` or by the variables of
airflow_settings.yaml, and starts, answers and waits while that is away. `OBSERVER_ADDRESS` is where it
listens (127.0.0.1:9187).
"""

from __future__ import annotations

import sys

from lakehouse.observe.process.run import main

if __name__ == "__main__":
    sys.exit(main())
