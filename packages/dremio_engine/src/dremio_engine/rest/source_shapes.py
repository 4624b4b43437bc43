"""A source in the words of the web console's API (`/apiv2/source`), and in those of the Catalog API."""

from datetime import datetime
from typing import Any

# The console's name -> the Catalog API's.
SETTINGS = {
    "accelerationGracePeriod": "accelerationGracePeriodMs",
    "accelerationRefreshPeriod": "accelerationRefreshPeriodMs",
}
POLICY = {
    "authTTLMillis": "authTTLMs",
    "namesRefreshMillis": "namesRefreshMs",
    "datasetDefinitionRefreshAfterMillis": "datasetRefreshAfterMs",
    "datasetDefinitionExpireAfterMillis": "datasetExpireAfterMs",
    "updateMode": "datasetUpdateMode",
}


def from_console(body: dict[str, Any], name: str) -> dict[str, Any]:
    """The Catalog API's body of a source; the name is the URL's, whatever the body says."""
    found = {SETTINGS.get(key, key): value for key, value in body.items() if key != "metadataPolicy"}
    if policy := body.get("metadataPolicy"):
        # A period of nothing is the default to the console.
        found["metadataPolicy"] = {POLICY.get(key, key): value for key, value in policy.items() if value != 0}
    return {**found, "entityType": "source", "name": name}


def to_console(shown: dict[str, Any]) -> dict[str, Any]:
    """What the console is shown of a source that is in the Catalog API's words."""
    names = {new: old for old, new in {**SETTINGS, **POLICY}.items()}
    left_out = ("entityType", "createdAt", "children", "nextPageToken", "metadataPolicy")
    return {
        **{names.get(key, key): value for key, value in shown.items() if key not in left_out},
        "metadataPolicy": {names.get(key, key): value for key, value in shown["metadataPolicy"].items()},
        "ctime": int(datetime.fromisoformat(shown["createdAt"]).timestamp() * 1000),
        "fullPathList": [shown["name"]],
        "resourcePath": f"/source/{shown['name']}",
    }


def to_legacy(shown: dict[str, Any]) -> dict[str, Any]:
    """A source as `/api/v3/source` shows it, which was there before the Catalog API."""
    return {**shown, "_type": "source"}
