"""Catalog objects as the JSON of Dremio's Catalog API, without their children."""

import uuid
from datetime import UTC, datetime
from typing import Any

from dremio_engine.catalog.entities import Entity, Kind, folder_id
from dremio_engine.catalog.sources import KEPT_SECRET, is_secret
from dremio_engine.errors import EngineError
from dremio_engine.lake.lake import LakeTable
from dremio_engine.paths import Path
from dremio_engine.rest.services import Services
from dremio_engine.sql.data_types.types import client_type, rest_type
from dremio_engine.sql.quoting import quoted


def entity_shape(services: Services, entity: Entity) -> dict[str, Any]:
    """A stored object."""
    shown: dict[str, Any] = {"id": entity.id, "tag": entity.tag, "createdAt": entity.created_at}
    match entity.kind:
        case Kind.SPACE:
            kind = "home" if entity.body.get("home") else "space"
            return {"entityType": kind, "name": entity.path[0], **shown}
        case Kind.FOLDER:
            return {"entityType": "folder", "path": list(entity.path), **shown}
        case Kind.SOURCE:
            return _source(services, entity) | shown
        case Kind.VIEW:
            return _view(services, entity) | shown
        case Kind.PROMOTED:
            return {
                **_table(list(entity.path)),
                "format": {
                    **entity.body["format"],
                    "isFolder": True,
                    "location": entity.body["url"].removeprefix("s3:/").rstrip("/"),
                    "ignoreOtherFileFormats": False,
                },
                "fields": _fields(services, entity.path),
                **shown,
            }


def table_shape(services: Services, table: LakeTable) -> dict[str, Any]:
    """A table of the lake; it was created at the moment its UUID holds."""
    path = [*table.schema.split("."), table.name]
    created = datetime.fromtimestamp((uuid.UUID(table.uuid).int >> 80) / 1000, UTC)
    return {
        **_table(path),
        "id": table.uuid,
        "tag": table.uuid,
        "createdAt": created.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "format": {"type": "Iceberg"},
        "fields": _fields(services, tuple(path)),
    }


def database_table_shape(services: Services, path: Path) -> dict[str, Any]:
    """A table of a database; it has no format, and no tag before something is kept about it."""
    return {**_table(list(path)), "id": folder_id(path), "fields": _fields(services, path)}


def folder_shape(path: Path) -> dict[str, Any]:
    """A folder of a source, which is not stored."""
    return {"entityType": "folder", "id": folder_id(path), "path": list(path)}


def _table(path: list[str]) -> dict[str, Any]:
    return {
        "entityType": "dataset",
        "type": "PHYSICAL_DATASET",
        "path": path,
        "approximateStatisticsAllowed": False,
        "isMetadataExpired": False,
    }


def _source(services: Services, entity: Entity) -> dict[str, Any]:
    config = {name: _masked(name, value) for name, value in entity.body["config"].items()}
    source = services.lake.source(entity.path[0])
    reason = services.databases.why_down(source) if source else None
    messages = [{"level": "ERROR", "message": reason}] if reason else []
    return {
        **{name: value for name, value in entity.body.items() if name != "config"},
        "entityType": "source",
        "name": entity.path[0],
        "config": config,
        "state": {"status": "bad" if reason else "good", "suggestedUserAction": "", "messages": messages},
    }


def _masked(name: str, value: Any) -> Any:
    if name == "propertyList":
        return [
            {**item, "value": KEPT_SECRET} if is_secret(str(item.get("name"))) else item
            for item in value or ()
        ]
    return KEPT_SECRET if is_secret(name) and value else value


def _view(services: Services, entity: Entity) -> dict[str, Any]:
    try:
        fields, outdated = _fields(services, entity.path), False
    except EngineError:
        # What it reads has gone or changed; the view itself is still there, to be put right.
        fields, outdated = [], True
    return {
        "entityType": "dataset",
        "type": "VIRTUAL_DATASET",
        "path": list(entity.path),
        "sql": entity.body["sql"],
        "sqlContext": entity.body["context"],
        "fields": fields,
        "isMetadataExpired": False,
        "schemaOutdated": outdated,
    }


def _fields(services: Services, path: Path) -> list[dict[str, Any]]:
    names = ".".join(quoted(p) for p in path)
    schema = services.runner.schema(f"select * from {names}", (), services.settings.user)
    return [{"name": f.name, "type": rest_type(client_type(f.type))} for f in schema]
