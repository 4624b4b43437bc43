"""What lies directly below an object of the catalog, page by page."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from dremio_engine.access.visibility import sees
from dremio_engine.catalog.entities import FOLDER_PREFIX, Kind, folder_id
from dremio_engine.errors import EngineError
from dremio_engine.paths import Path, dotted
from dremio_engine.rest.services import Services

MOST_CHILDREN = 10_000  # Dremio's highest maxChildren is not documented; this bounds an answer


@dataclass(frozen=True)
class Page:
    """Which children a request wants; the token is what the last answer gave."""

    exclude: bool = False
    size: int | None = None
    token: str | None = None

    def start(self) -> int:
        """The first child's index. Raises EngineError when the token is not one of ours."""
        if self.token is None:
            return 0
        try:
            return int(base64.urlsafe_b64decode(self.token.encode()).decode())
        except (ValueError, binascii.Error) as error:
            raise EngineError(f"pageToken [{self.token}] is not valid.") from error


def with_children(shown: dict[str, Any], services: Services, path: Path, page: Page) -> dict[str, Any]:
    """A container's JSON with the children that the page asks for."""
    if page.exclude:
        return shown
    if page.size is not None and not 0 < page.size <= MOST_CHILDREN:
        raise EngineError(f"maxChildren [{page.size}] must be between 1 and {MOST_CHILDREN}.")
    seen = (child for child in children(services, path) if sees(services.access, tuple(child["path"])))
    found = sorted(seen, key=lambda child: [part.lower() for part in child["path"]])
    start = page.start()
    end = len(found) if page.size is None else start + page.size
    answer = {**shown, "children": found[start:end]}
    if end < len(found):
        answer["nextPageToken"] = base64.urlsafe_b64encode(str(end).encode()).decode()
    return answer


def children(services: Services, path: Path) -> list[dict[str, Any]]:
    """Stored objects, tables, and the folders that lead to deeper ones."""
    found: list[dict[str, Any]] = []
    deeper: dict[str, Path] = {}
    depth = len(path)
    for entity in services.inventory.store.below(path):
        if len(entity.path) > depth + 1:
            deeper.setdefault(entity.path[depth].lower(), entity.path[: depth + 1])
        elif entity.kind in (Kind.VIEW, Kind.PROMOTED):
            kind = "VIRTUAL" if entity.kind is Kind.VIEW else "PROMOTED"
            found.append(
                _dataset(entity.id, entity.path, kind, entity.tag) | {"createdAt": entity.created_at}
            )
        else:
            found.append(
                _folder(entity.id, entity.path) | {"tag": entity.tag, "createdAt": entity.created_at}
            )
    source = services.lake.source(path[0])
    if source is not None and depth == 1:
        deeper |= {bucket.lower(): (*path, bucket) for bucket in source.buckets}
    prefix = [part.lower() for part in dotted(path).split(".")]
    for table in services.inventory.visible_tables():
        parts = table.schema.split(".")
        if [part.lower() for part in parts[: len(prefix)]] != prefix:
            continue
        if len(parts) == len(prefix):
            found.append(_dataset(table.uuid, (*path, table.name), "DIRECT", table.uuid))
        else:
            deeper.setdefault(parts[len(prefix)].lower(), (*path, parts[len(prefix)]))
    found += _of_database(services, path)
    there = {child["path"][-1].lower() for child in found}
    return found + [_folder(folder_id(p), p) for name, p in deeper.items() if name not in there]


def _of_database(services: Services, path: Path) -> list[dict[str, Any]]:
    source = services.lake.source(path[0])
    if source is None or source.postgres is None or len(path) > 2:
        return []
    columns = services.databases.of(source)
    if len(path) == 1:
        schemas = sorted({column.schema for column in columns})
        return [_folder(folder_id((*path, schema)), (*path, schema)) for schema in schemas]
    tables = sorted({column.table for column in columns if column.schema.lower() == path[1].lower()})
    return [
        _dataset(folder_id((*path, table)), (*path, table), "DIRECT", folder_id((*path, table)))
        for table in tables
    ]


def _folder(entity_id: str, path: Path) -> dict[str, Any]:
    return {"id": entity_id, "path": list(path), "type": "CONTAINER", "containerType": "FOLDER"}


def _dataset(entity_id: str, path: Path, kind: str, tag: str) -> dict[str, Any]:
    tagged = {} if entity_id.startswith(FOLDER_PREFIX) else {"tag": tag}
    return {"id": entity_id, "path": list(path), **tagged, "type": "DATASET", "datasetType": kind}
