"""What the Catalog API does to objects: find, create, change, delete."""

from typing import Any

from dremio_engine.access.visibility import sees
from dremio_engine.catalog import promotion
from dremio_engine.catalog.entities import FOLDER_PREFIX, Entity, Kind, folder_path
from dremio_engine.catalog.source_settings import settings_of
from dremio_engine.catalog.store import EXISTS
from dremio_engine.errors import Conflict, EngineError, NotFound, Unsupported
from dremio_engine.paths import Path, dotted
from dremio_engine.rest.catalog_children import Page, with_children
from dremio_engine.rest.catalog_shapes import (
    database_table_shape,
    entity_shape,
    folder_shape,
    table_shape,
)
from dremio_engine.rest.services import Services
from dremio_engine.sql.gate import admitted
from dremio_engine.sql.quoting import quoted

DATASETS = (Kind.VIEW, Kind.PROMOTED)
NOT_MADE = {
    "function": "User-defined functions",
    "home": "Homes",
    "file": "Uploaded files",
}


class CatalogObjects:
    """One request's view of the catalog."""

    def __init__(self, services: Services, page: Page | None = None) -> None:
        self._services = services
        self._page = page or Page()
        self._inventory = services.inventory
        self._store = services.inventory.store

    def roots(self, user: str, count: bool) -> list[dict[str, Any]]:
        """The user's home, spaces and sources; with the number of datasets below each if asked."""
        shown = {Kind.SOURCE: "SOURCE", Kind.SPACE: "SPACE"}
        roots = []
        for e in self._store.all(Kind.SOURCE, Kind.SPACE):
            others = e.body.get("home") and e.path[0] != f"@{user}"
            if others or not sees(self._services.access, e.path):
                continue
            root: dict[str, Any] = {
                "id": e.id,
                "path": list(e.path),
                "tag": e.tag,
                "type": "CONTAINER",
                "containerType": "HOME" if e.body.get("home") else shown[e.kind],
                "createdAt": e.created_at,
            }
            if count:
                root["stats"] = {"datasetCount": self._datasets(e), "datasetCountBounded": False}
            roots.append(root)
        return roots

    def by_path(self, path: Path) -> dict[str, Any]:
        """The object at a path. Raises NotFound."""
        if entity := self._store.by_path(path):
            return self._entity(entity)
        if table := self._inventory.lake_table(path):
            return table_shape(self._services, table)
        if self._inventory.is_database_table(path):
            return database_table_shape(self._services, path)
        if self._is_folder(path):
            return with_children(folder_shape(path), self._services, path, self._page)
        raise NotFound(f"Could not find entity with path [{dotted(path)}]")

    def by_id(self, entity_id: str) -> dict[str, Any]:
        """The object with an id. Raises NotFound."""
        if entity_id.startswith(FOLDER_PREFIX) and (path := folder_path(entity_id)):
            return self.by_path(path)
        if entity := self._store.by_id(entity_id):
            return self._entity(entity)
        for table in self._inventory.visible_tables():
            if table.uuid == entity_id:
                return table_shape(self._services, table)
        raise NotFound(f"Could not find entity with id [{entity_id}]")

    def create(self, body: dict[str, Any], user: str) -> dict[str, Any]:
        """Create what `entityType` says. Raises EngineError with Dremio's words."""
        _refuse_grants(body)
        match str(body["entityType"]).lower():
            case "space":
                return self._entity(self._services.containers.create_space(_name(body)))
            case "folder":
                path = _path(body)
                if self._inventory.lake_table(path) or self._is_folder(path):
                    raise Conflict(f"{EXISTS}: [{dotted(path)}]")
                return self._entity(self._services.containers.create_folder(path))
            case "source":
                name, kind = _source_name(body), _needed(body, "type")
                return self._entity(
                    self._services.sources.create(name, kind, body.get("config") or {}, settings_of(body))
                )
            case "dataset" if body.get("type") == "VIRTUAL_DATASET":
                context = tuple(body.get("sqlContext") or ())
                return self._entity(
                    self._services.views.create(
                        _path(body), admitted(_needed(body, "sql")), context, False, user
                    )
                )
            case "dataset" if body.get("type") == "PHYSICAL_DATASET":
                return self._entity(self._services.promotions.promote(_path(body), body.get("format") or {}))
            case "dataset":
                raise EngineError("[type] must be VIRTUAL_DATASET or PHYSICAL_DATASET.")
            case other if other in NOT_MADE:
                raise Unsupported(f"{NOT_MADE[other]} cannot be created in the embedded engine.")
            case other:
                raise EngineError(f"entityType [{other}] is not one of space, folder, source, dataset.")

    def promote(self, entity_id: str, body: dict[str, Any]) -> dict[str, Any]:
        """Promote the folder an id of the form dremio:/source/folder names."""
        where = folder_path(entity_id) if entity_id.startswith(FOLDER_PREFIX) else ()
        if taken := self._store.by_id(entity_id):
            raise Conflict(f"{EXISTS}: [{dotted(taken.path)}]")
        if body.get("path") and where and tuple(body["path"]) != where:
            raise EngineError(f"The path [{dotted(tuple(body['path']))}] is not that of id [{entity_id}].")
        where = where or tuple(body.get("path") or ())
        if not where:
            raise NotFound(f"Could not find entity with id [{entity_id}]")
        return self._entity(self._services.promotions.promote(where, body.get("format") or {}))

    def change(self, entity_id: str, body: dict[str, Any], user: str) -> dict[str, Any]:
        """PUT of a source, view or promoted folder. Raises Conflict when the tag is not the newest."""
        _refuse_grants(body)
        entity = self._store.by_id(entity_id)
        if entity is None:
            table = self.by_id(entity_id)
            if table.get("type") == "PHYSICAL_DATASET" and (policy := body.get("accelerationRefreshPolicy")):
                self._services.reflections.set_policy(str(table["id"]), policy)
                return {**table, "accelerationRefreshPolicy": policy}
            raise Unsupported("A table's or a source folder's settings cannot be changed here.")
        self._check_same(entity, body)
        match entity.kind:
            case Kind.SOURCE:
                config = body.get("config") or {}
                return self._entity(self._services.sources.change(entity, config, settings_of(body)))
            case Kind.VIEW:
                context = tuple(body.get("sqlContext") or ())
                return self._entity(
                    self._services.views.create(
                        entity.path, admitted(_needed(body, "sql")), context, True, user
                    )
                )
            case Kind.PROMOTED:
                promotion.check_format(body.get("format") or {})
                if policy := body.get("accelerationRefreshPolicy"):
                    self._services.reflections.set_policy(entity.id, policy)
                self._services.promotions.refresh(entity.path, auto_promotion=False)
                return self.by_id(entity_id)
            case _:
                return self._entity(entity)  # a space and a folder have nothing that may change

    def _check_same(self, entity: Entity, body: dict[str, Any]) -> None:
        shown = entity_shape(self._services, entity)
        for field in ("entityType", "id", "name", "type"):
            if field in shown and body.get(field) not in (None, shown[field]):
                raise EngineError(f"[{field}] of [{dotted(entity.path)}] cannot be changed.")
        if body.get("path") and tuple(body["path"]) != entity.path:
            raise EngineError(f"[path] of [{dotted(entity.path)}] cannot be changed.")
        if body.get("tag") != entity.tag:
            sent = f"Tag [{body['tag']}]" if body.get("tag") else "No tag was sent; it"
            raise Conflict(f"{sent} is not the newest of [{dotted(entity.path)}].")

    def delete(self, entity_id: str, tag: str | None, user: str) -> None:
        """DELETE; a table is dropped, a promoted folder forgotten, a container goes with all it holds."""
        found = CatalogObjects(self._services, Page(exclude=True)).by_id(entity_id)
        path = tuple(found.get("path") or [found["name"]])
        if tag is not None and tag != found.get("tag"):
            raise Conflict(f"Tag [{tag}] is not the newest of [{dotted(path)}].")
        entity = self._store.by_path(path)
        if entity is not None and entity.body.get("home"):
            raise EngineError(f"Home [{dotted(path)}] cannot be deleted.")
        if entity is not None and entity.kind is Kind.SOURCE:
            self._services.sources.remove(entity)
        elif entity is not None:
            self._store.remove(path, with_children=True)
        elif self._inventory.lake_table(path):
            job = self._services.jobs.submit("drop table " + ".".join(quoted(p) for p in path), (), user)
            job.done.result()
            if job.error:
                raise EngineError(job.error)
        else:
            raise Unsupported(f"[{dotted(path)}] belongs to its source and cannot be deleted here.")

    def dataset(self, entity_id: str) -> Path:
        """The path of a dataset. Raises NotFound, or EngineError for a container."""
        try:
            return self._inventory.dataset_by_id(entity_id)
        except NotFound:
            kind = CatalogObjects(self._services, Page(exclude=True)).by_id(entity_id)["entityType"]
            raise EngineError(f"[{entity_id}] is a {kind}; only a dataset can be refreshed.") from None

    def _entity(self, entity: Entity) -> dict[str, Any]:
        shown = entity_shape(self._services, entity)
        if entity.kind in DATASETS:
            return shown
        return with_children(shown, self._services, entity.path, self._page)

    def _datasets(self, root: Entity) -> int:
        stored = sum(e.kind in DATASETS for e in self._store.below(root.path))
        first = root.path[0].lower()
        tables = [t for t in self._inventory.visible_tables() if t.schema.split(".")[0].lower() == first]
        source = self._services.lake.source(root.path[0])
        held = self._services.databases.of(source) if source and source.postgres else []
        return stored + len(tables) + len({(c.schema, c.table) for c in held})

    def _is_folder(self, path: Path) -> bool:
        source = self._services.lake.source(path[0])
        if len(path) < 2 or source is None:
            return False
        if source.postgres is not None:
            held = self._services.databases.of(source)
            return len(path) == 2 and any(c.schema.lower() == path[1].lower() for c in held)
        if source.is_whole_store and source.buckets:
            if path[1] not in source.buckets:
                return False
            if len(path) == 2:
                return True
        prefix = dotted(path).lower()
        known = {t.schema.lower() for t in self._inventory.visible_tables()}
        if any(schema == prefix or schema.startswith(prefix + ".") for schema in known):
            return True
        if any(e.kind is Kind.PROMOTED for e in self._store.below(path)):
            return True
        return promotion.holds_files(self._services.lake, path)


def _refuse_grants(body: dict[str, Any]) -> None:
    if body.get("accessControlList"):
        raise Unsupported("accessControlList is only supported in Enterprise Edition.")


def _name(body: dict[str, Any]) -> str:
    name = str(_needed(body, "name"))
    if name != name.strip() or any(sign in name for sign in '/:[]"\x1f'):
        raise EngineError(f'Name [{name}] may not hold any of / : [ ] " nor begin or end with a space.')
    return name


def _source_name(body: dict[str, Any]) -> str:
    name = _name(body)
    if any(sign in name for sign in '."@'):
        raise EngineError("Source name can not contain periods, double quotes or @.")
    return name


def _path(body: dict[str, Any]) -> Path:
    path = tuple(str(part) for part in _needed(body, "path"))
    if not all(part.strip() for part in path) or any("\x1f" in part for part in path):
        raise EngineError(f"Path [{dotted(path)}] has an empty part.")
    return path


def _needed(body: dict[str, Any], name: str) -> Any:
    if not body.get(name):
        raise EngineError(f"[{name}] is required.")
    return body[name]
