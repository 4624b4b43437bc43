"""When a reflection is refreshed and how long it may serve: the policies of the tables below it.

A table's own policy (`accelerationRefreshPolicy` of the Catalog API's table object) goes before its
source's (`acceleration..` settings of the source object). A reflection on a view takes the shortest of its
tables' periods. Source of names and defaults: docs.dremio.com, Catalog API, Source and Table objects.
"""

from dataclasses import dataclass
from typing import Any

from dremio_engine.errors import EngineError, Unsupported

HOUR_MS = 3_600_000
TYPES = ("NEVER", "PERIOD", "SCHEDULE", "REFRESH_ON_DATA_CHANGES")


@dataclass(frozen=True)
class RefreshPolicy:
    """Times are in milliseconds; a period or grace of None means never."""

    period_ms: int | None = HOUR_MS
    grace_ms: int | None = 3 * HOUR_MS
    on_data_changes: bool = False

    def merged(self, other: "RefreshPolicy") -> "RefreshPolicy":
        """The policy of something made of both."""
        return RefreshPolicy(
            _shorter(self.period_ms, other.period_ms),
            _shorter(self.grace_ms, other.grace_ms),
            self.on_data_changes or other.on_data_changes,
        )


def _shorter(one: int | None, other: int | None) -> int | None:
    known = [value for value in (one, other) if value is not None]
    return min(known) if known else None


def of_source(settings: dict[str, Any]) -> RefreshPolicy:
    """The policy a source's settings ask for; Dremio's defaults where they say nothing."""
    return _policy(
        settings.get("accelerationActivePolicyType"),
        settings.get("accelerationRefreshPeriodMs"),
        settings.get("accelerationGracePeriodMs"),
        bool(settings.get("accelerationNeverRefresh")),
        bool(settings.get("accelerationNeverExpire")),
        bool(settings.get("accelerationRefreshOnDataChanges")),
    )


def of_table(policy: dict[str, Any]) -> RefreshPolicy:
    """The policy an `accelerationRefreshPolicy` asks for. Raises EngineError, Unsupported."""
    return _policy(
        policy.get("activePolicyType"),
        policy.get("refreshPeriodMs"),
        policy.get("gracePeriodMs"),
        bool(policy.get("neverRefresh")),
        bool(policy.get("neverExpire")),
        bool(policy.get("sourceRefreshOnDataChanges")),
    )


def _policy(
    kind: str | None, period: Any, grace: Any, never_refresh: bool, never_expire: bool, on_changes: bool
) -> RefreshPolicy:
    if kind is not None and kind not in TYPES:
        raise EngineError(f"Refresh policy [{kind}] is not one of {', '.join(TYPES)}.")
    if kind == "SCHEDULE":
        raise Unsupported("Refresh policy [SCHEDULE] is not supported by the embedded engine: use PERIOD.")
    on_changes = on_changes or kind == "REFRESH_ON_DATA_CHANGES"
    return RefreshPolicy(
        None if never_refresh or kind == "NEVER" or on_changes else _milliseconds(period, HOUR_MS),
        # Dremio: what is refreshed on data changes does not expire.
        None if never_expire or on_changes else _milliseconds(grace, 3 * HOUR_MS),
        on_changes,
    )


def _milliseconds(value: Any, default: int) -> int:
    if value is None:
        return default
    if not isinstance(value, int) or value <= 0:
        raise EngineError(f"Period [{value}] is not a number of milliseconds above 0.")
    return value
