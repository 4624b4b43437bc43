"""What Airflow is told of the demo shop, whose data ends in the past: its first night.

The DAG `run_night` chooses it as long as none was served.
"""

from __future__ import annotations

from collections.abc import Mapping

from embedded.declared import SHOP_DATE, shop_is_declared


def first_night() -> Mapping[str, str]:
    """Variables of Airflow's processes; none in a repository without the shop."""
    if not shop_is_declared():
        return {}
    return {
        "LAKEHOUSE_FIRST_NIGHT": SHOP_DATE.isoformat(),
        "LAKEHOUSE_FIRST_NIGHT_NEEDS": (
            f"the demo shop to be open: `bin/shop advance --to {SHOP_DATE}` opens it, as `make night` does"
        ),
    }
