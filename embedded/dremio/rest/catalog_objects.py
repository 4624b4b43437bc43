"""Catalogue objects in the shape of Dremio's Catalog API."""

from typing import Any

from embedded.dremio.access.visibility import sees
from embedded.dremio.catalog import promotion
from embedded.dremio.catalog.catalog import EXISTS, KEPT_SECRET, SECRETS
from embedded.dremio.catalog.entities import Entity, Kind, Path, dotted
from embedded.dremio.engine import Engine
from embedded.dremio.errors import Conflict, EngineError, NotFound, Unsupported
from embedded.dremio.lake.lake import LakeTable
from embedded.dremio.lake.lake_sql import quoted
from embedded.dremio.sql.types import client_type, rest_type

FOLDER_PREFIX = "dremio:/"


class CatalogObjects:
    """One request's view of the catalogue."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._catalog = engine.catalog
        self._store = engine.catalog.store

    def roots(self) -> list[dict[str, Any]]:
        """Sources, spaces and the home, without their children."""
        shown = {Kind.SOURCE: "SOURCE", Kind.SPACE: "SPACE"}
        return [
            {
                "id": e.id,
                "path": list(e.path),
                "tag": e.tag,
                "type": "CONTAINER",
                "containerType": "HOME" if e.body.get("home") else shown[e.kind],
                "createdAt": e.created_at,
            }
            for e in self._store.all(Kind.SOURCE, Kind.SPACE)
            if sees(self._engine.access, e.path)
        ]

    def by_path(self, path: Path) -> dict[str, Any]:
        """The object at a path. Raises NotFound."""
        if entity := self._store.by_path(path):
            return self._entity(entity)
        if table := self._catalog.lake_table(path):
            return self._table(table)
        if self._is_folder(path):
            return self._source_folder(path)
        raise NotFound(f"Could not find entity with path [{dotted(path)}]")

    def by_id(self, entity_id: str) -> dict[str, Any]:
        """The object with an id. Raises NotFound."""
        if entity_id.startswith(FOLDER_PREFIX):
            return self.by_path(_folder_path(entity_id))
        if entity := self._store.by_id(entity_id):
            return self._entity(entity)
        for table in self._catalog.visible_tables():
            if table.uuid == entity_id:
                return self._table(table)
        raise NotFound(f"Could not find entity with id [{entity_id}]")

    def create(self, body: dict[str, Any], user: str) -> dict[str, Any]:
        """Create what `entityType` says. Raises EngineError with Dremio's words."""
        match str(body["entityType"]).lower():
            case "space":
                return self._entity(self._catalog.create_space(_needed(body, "name")))
            case "folder":
                path = tuple(_needed(body, "path"))
                if self._catalog.lake_table(path) or self._is_folder(path):
                    raise Conflict(f"{EXISTS}: [{dotted(path)}]")
                return self._entity(self._catalog.create_folder(path))
            case "source":
                name, kind = _needed(body, "name"), _needed(body, "type")
                return self._entity(
                    self._catalog.create_source(name, kind, body.get("config") or {}, _settings_of(body))
                )
            case "dataset" if body.get("type") == "VIRTUAL_DATASET":
                path = tuple(_needed(body, "path"))
                context = tuple(body.get("sqlContext") or ())
                return self._entity(
                    self._catalog.create_view(path, _needed(body, "sql"), context, False, user)
                )
            case "dataset" if body.get("type") == "PHYSICAL_DATASET":
                return self._promote(tuple(_needed(body, "path")), body.get("format") or {})
            case other:
                raise Unsupported(f"entityType [{other}] cannot be created in the embedded engine.")

    def promote(self, entity_id: str, path: list[str] | None, options: dict[str, Any]) -> dict[str, Any]:
        """Promote the folder an id of the form dremio:/source/folder names."""
        where = tuple(path) if path else _folder_path(entity_id)
        return self._promote(where, options)

    def _promote(self, path: Path, options: dict[str, Any]) -> dict[str, Any]:
        return self._entity(self._catalog.promote(path, options))

    def change(self, entity_id: str, body: dict[str, Any], user: str) -> dict[str, Any]:
        """PUT of a source or view. Raises Conflict when the tag is not the newest."""
        entity = self._store.by_id(entity_id)
        if entity is None:
            raise NotFound(f"Could not find entity with id [{entity_id}]")
        if body.get("tag") not in (None, entity.tag):
            raise Conflict(f"Tag [{body['tag']}] is not the newest of [{dotted(entity.path)}].")
        if entity.kind is Kind.SOURCE:
            config = body.get("config") or {}
            return self._entity(self._catalog.change_source(entity, config, _settings_of(body)))
        if entity.kind is Kind.VIEW:
            context = tuple(body.get("sqlContext") or ())
            return self._entity(
                self._catalog.create_view(entity.path, _needed(body, "sql"), context, True, user)
            )
        raise Unsupported(f"A {entity.kind} cannot be changed.")

    def delete(self, entity_id: str, user: str) -> None:
        """DELETE; a table is dropped, a promoted folder forgotten, a space goes with all it holds."""
        found = self.by_id(entity_id)
        path = tuple(found.get("path") or [found["name"]])
        entity = self._store.by_path(path)
        if entity is not None and entity.kind is Kind.SOURCE:
            self._store.remove(path, with_children=True)
            self._catalog.open()
        elif entity is not None:
            self._store.remove(path, with_children=True)
        elif self._catalog.lake_table(path):
            job = self._engine.jobs.submit("drop table " + ".".join(quoted(p) for p in path), (), user)
            job.done.result()
            if job.error:
                raise EngineError(job.error)
        else:
            raise Unsupported(f"[{dotted(path)}] is a folder of a source and cannot be deleted here.")

    # -- shapes --------------------------------------------------------------------------------------

    def _entity(self, entity: Entity) -> dict[str, Any]:
        shown: dict[str, Any] = {"id": entity.id, "tag": entity.tag, "createdAt": entity.created_at}
        match entity.kind:
            case Kind.SPACE:
                kind = "home" if entity.body.get("home") else "space"
                return {
                    "entityType": kind,
                    "name": entity.path[0],
                    "children": self._children(entity.path),
                    **shown,
                }
            case Kind.FOLDER:
                return {
                    "entityType": "folder",
                    "path": list(entity.path),
                    "children": self._children(entity.path),
                    **shown,
                }
            case Kind.SOURCE:
                body = {k: v for k, v in entity.body.items() if k != "config"}
                config = {
                    k: KEPT_SECRET if k in SECRETS and v else v for k, v in entity.body["config"].items()
                }
                return {
                    **body,
                    "entityType": "source",
                    "name": entity.path[0],
                    "config": config,
                    "children": self._children(entity.path),
                    "state": {"status": "good", "messages": []},
                    **shown,
                }
            case Kind.VIEW:
                return {
                    "entityType": "dataset",
                    "type": "VIRTUAL_DATASET",
                    "path": list(entity.path),
                    "sql": entity.body["sql"],
                    "sqlContext": entity.body["context"],
                    "fields": self._fields(entity.path),
                    **shown,
                }
            case Kind.PROMOTED:
                return {
                    "entityType": "dataset",
                    "type": "PHYSICAL_DATASET",
                    "path": list(entity.path),
                    "format": entity.body["format"],
                    "fields": self._fields(entity.path),
                    **shown,
                }

    def _table(self, table: LakeTable) -> dict[str, Any]:
        path = [*table.schema.split("."), table.name]
        return {
            "entityType": "dataset",
            "type": "PHYSICAL_DATASET",
            "id": table.uuid,
            "tag": table.uuid,
            "path": path,
            "format": {"type": "Iceberg"},
            "fields": self._fields(tuple(path)),
        }

    def _fields(self, path: Path) -> list[dict[str, Any]]:
        names = ".".join(quoted(p) for p in path)
        resolved = self._catalog.resolve(path)
        if resolved.registered:
            return []
        outcome = self._engine.shape_of(f"select * from {names}")
        return [{"name": f.name, "type": rest_type(client_type(f.type))} for f in outcome]

    def _children(self, path: Path) -> list[dict[str, Any]]:
        return [c for c in self._all_children(path) if sees(self._engine.access, tuple(c["path"]))]

    def _all_children(self, path: Path) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for entity in self._store.below(path):
            if len(entity.path) == len(path) + 1:
                dataset = entity.kind in (Kind.VIEW, Kind.PROMOTED)
                child: dict[str, Any] = {
                    "id": entity.id,
                    "path": list(entity.path),
                    "tag": entity.tag,
                    "type": "DATASET" if dataset else "CONTAINER",
                }
                if dataset:
                    child["datasetType"] = "VIRTUAL" if entity.kind is Kind.VIEW else "PROMOTED"
                else:
                    child["containerType"] = "FOLDER"
                found.append(child)
        for table in self._catalog.visible_tables():
            if table.schema.lower() == dotted(path).lower():
                found.append(
                    {
                        "id": table.uuid,
                        "path": [*path, table.name],
                        "tag": table.uuid,
                        "type": "DATASET",
                        "datasetType": "DIRECT",
                    }
                )
        return found

    def _is_folder(self, path: Path) -> bool:
        source = self._engine.lake.source(path[0])
        if len(path) < 2 or source is None or not source.root:
            return False
        prefix = dotted(path).lower()
        known = {t.schema.lower() for t in self._catalog.visible_tables()}
        if any(schema == prefix or schema.startswith(prefix + ".") for schema in known):
            return True
        if any(e.kind is Kind.PROMOTED for e in self._store.below(path)):
            return True
        return bool(promotion.list_files(self._engine.lake, promotion.folder_url(self._engine.lake, path)))

    def _source_folder(self, path: Path) -> dict[str, Any]:
        return {
            "entityType": "folder",
            "id": FOLDER_PREFIX + "/".join(path),
            "path": list(path),
            "children": self._children(path),
        }


def _folder_path(entity_id: str) -> Path:
    return tuple(part for part in entity_id.removeprefix(FOLDER_PREFIX).split("/") if part)


def _settings_of(body: dict[str, Any]) -> dict[str, Any]:
    """What a source's body says beside its name, type and configuration: refresh policies and the like."""
    return {k: v for k, v in body.items() if k not in ("entityType", "name", "type", "config", "id", "tag")}


def _needed(body: dict[str, Any], name: str) -> Any:
    if not body.get(name):
        raise EngineError(f"[{name}] is required.")
    return body[name]
