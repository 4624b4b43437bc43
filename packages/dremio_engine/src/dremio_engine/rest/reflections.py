"""/api/v3/reflection and the reflections of a dataset."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from dremio_engine.reflections.status import Reflection, rest_status
from dremio_engine.rest.login import CurrentUser
from dremio_engine.rest.services import CurrentServices, Services

ROUTES = APIRouter(prefix="/api/v3")
NEVER = "1969-12-31T23:59:59.999Z"  # Dremio's -1 ms: clients that read the status into a type expect a time


@ROUTES.get("/reflection")
def every(services: CurrentServices, user: CurrentUser) -> dict[str, Any]:
    """All reflections."""
    return {"data": [_shown(r, services) for r in services.reflections.all()]}


@ROUTES.get("/dataset/{dataset_id:path}/reflection")
def of_dataset(dataset_id: str, services: CurrentServices, user: CurrentUser) -> dict[str, Any]:
    """The reflections of one dataset; 404 when there is no such dataset."""
    services.inventory.dataset_by_id(dataset_id)
    return {"data": [_shown(r, services) for r in services.reflections.of_dataset(dataset_id)]}


@ROUTES.post("/reflection")
def create(body: dict[str, Any], services: CurrentServices, user: CurrentUser) -> dict[str, Any]:
    """A new reflection; its first refresh starts at once."""
    return _shown(services.reflections.create(body), services)


@ROUTES.get("/reflection/{reflection_id}")
def one(reflection_id: str, services: CurrentServices, user: CurrentUser) -> dict[str, Any]:
    """One reflection with its status."""
    return _shown(services.reflections.get(reflection_id), services)


@ROUTES.put("/reflection/{reflection_id}")
def change(
    reflection_id: str, body: dict[str, Any], services: CurrentServices, user: CurrentUser
) -> dict[str, Any]:
    """Another definition; 409 when the tag sent is not the newest."""
    return _shown(services.reflections.change(reflection_id, body), services)


@ROUTES.delete("/reflection/{reflection_id}")
def delete(reflection_id: str, services: CurrentServices, user: CurrentUser) -> Response:
    """Forget a reflection."""
    services.reflections.delete(reflection_id)
    return Response(status_code=204)


def _shown(reflection: Reflection, services: Services) -> dict[str, Any]:
    shown = services.reflections.show(reflection)
    return {
        "arrowCachingEnabled": False,
        "partitionDistributionStrategy": "CONSOLIDATED",
        "canView": True,
        "canAlter": True,
        **reflection.body,
        "id": reflection.id,
        "tag": reflection.tag,
        "name": reflection.name,
        "datasetId": reflection.dataset_id,
        "enabled": reflection.enabled,
        "createdAt": reflection.created_at,
        "updatedAt": reflection.updated_at,
        "currentSizeBytes": shown.bytes,
        "totalSizeBytes": shown.bytes,
        "outputRecords": shown.rows,
        "status": {"lastDataFetch": NEVER, "expiresAt": NEVER, **rest_status(reflection, shown.standing)},
        "entityType": "reflection",
    }
