"""What Airflow is told of the demo shop, whose data ends in the past: its first night, and what opens it.

The DAG `run_night` chooses it as long as none was served.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from embedded.declared import SHOP_DATE, shop_is_declared
from embedded.settings import Settings


def first_night(settings: Settings) -> Mapping[str, str]:
    """Variables of Airflow's processes; none in a repository without the shop."""
    if not shop_is_declared():
        return {}
    date = SHOP_DATE.isoformat()
    # As `make night` does. Airflow's processes have the shop's addresses and this repository's modules.
    opens = [str(settings.python("embedded")), "-m", "embedded.shop", "advance", "--to", date]
    return {"LAKEHOUSE_FIRST_NIGHT": date, "LAKEHOUSE_FIRST_NIGHT_COMMAND": shlex.join(opens)}
