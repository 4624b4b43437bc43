"""What a source's body says beside name, type and configuration: refresh policies, with Dremio's defaults.

They are kept and shown; the engine lists a source when it is asked and not by schedule.
"""

from typing import Any

from dremio_engine.errors import EngineError

HOUR_MS = 3_600_000
DEFAULTS: dict[str, Any] = {
    "accelerationActivePolicyType": "PERIOD",
    "accelerationGracePeriodMs": 3 * HOUR_MS,
    "accelerationRefreshPeriodMs": HOUR_MS,
    "accelerationNeverExpire": False,
    "accelerationNeverRefresh": False,
    "accelerationRefreshOnDataChanges": False,
    "allowCrossSourceSelection": False,
    "disableMetadataValidityCheck": False,
}
METADATA_POLICY: dict[str, Any] = {
    "authTTLMs": 24 * HOUR_MS,
    "namesRefreshMs": HOUR_MS,
    "datasetRefreshAfterMs": HOUR_MS,
    "datasetExpireAfterMs": 3 * HOUR_MS,
    "datasetUpdateMode": "PREFETCH_QUERIED",
    "deleteUnavailableDatasets": True,
    "autoPromoteDatasets": False,
}
SHORTEST_MS = 60_000  # Dremio's for metadata
_KEPT = (*DEFAULTS, "description", "accelerationRefreshSchedule")


def settings_of(body: dict[str, Any]) -> dict[str, Any]:
    """The settings in a body, completed; fields that Dremio does not know are left out, as it does.

    Raises EngineError that names a value which does not hold, or an unknown part of the metadata policy.
    """
    sent = {name: body[name] for name in _KEPT if body.get(name) is not None}
    policy = body.get("metadataPolicy") or {}
    if unknown := [name for name in policy if name not in METADATA_POLICY]:
        raise EngineError(f"Invalid value found at: metadataPolicy.{unknown[0]}")
    for name, value in sent.items():
        if name.endswith("Ms") and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
            raise EngineError(f"[{name}] must be a number of milliseconds, not [{value}].")
    for name, value in policy.items():
        if name.endswith("Ms") and (type(value) is not int or value < SHORTEST_MS):
            raise EngineError(f"[metadataPolicy.{name}] must be at least {SHORTEST_MS} ms, not [{value}].")
    return {**DEFAULTS, **sent, "metadataPolicy": {**METADATA_POLICY, **policy}}
