"""What a night was started with, for the stages that assets start.

Airflow hands a run's params to no other run. A stage writes what was wanted of it into its asset's event, and
the next stage finds it there: `full_refresh`, given to `load_bronze` or to an extract, reaches the marts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

TRAVELLING: Final = ("full_refresh",)
"""The params that all later stages get. The extracts' `force_sync` ends with them."""
_KEY: Final = "wishes"


def is_wanted(name: str, params: Mapping[str, Any], triggering_asset_events: Mapping[Any, Any]) -> bool:
    """Whether the run was started with the param, or by stages that all were.

    A stage that waits for two others may hold the asset of a night that failed halfway: what only one of
    them wants, nobody wanted of this night.

    Args:
        name: one of TRAVELLING.
        params: the run's; a value that is given to a stage without such a param is among them.
        triggering_asset_events: the task context's.
    """
    if params.get(name):
        return True
    events = [event for events in triggering_asset_events.values() for event in events]
    return bool(events) and all(name in ((event.extra or {}).get(_KEY) or []) for event in events)


def pass_on(context: Mapping[str, Any]) -> None:
    """Write the run's wishes into the events of the assets that the task is going to emit."""
    outlets = context["task"].outlets
    if not outlets:
        return
    wanted = [
        name for name in TRAVELLING if is_wanted(name, context["params"], context["triggering_asset_events"])
    ]
    if wanted:
        for asset in outlets:
            context["outlet_events"][asset].extra[_KEY] = wanted
