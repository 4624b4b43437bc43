"""What a name in a query stands for, and every dataset that a dataset is made of.

Only what has a version can be followed: tables of the lake, promoted folders, and views on these. A system
table, a table of a PostgreSQL source or an older version of a table ends the search with `Unversioned`.
"""

import hashlib
import json
from dataclasses import dataclass

from dremio_engine.catalog.entities import Kind
from dremio_engine.catalog.inventory import Inventory
from dremio_engine.lake.lake import Lake, LakeTable
from dremio_engine.paths import Path, candidates, dotted
from dremio_engine.sql.parsed import parsed
from dremio_engine.sql.translate import MAX_VIEW_DEPTH


class Unversioned(Exception):
    """A dataset was reached whose data has no version, so that nothing built from it can be proven fresh."""


@dataclass(frozen=True)
class Dataset:
    """A dataset as it is now. `digest` is of what defines it: a view's SQL, a promoted folder's files."""

    path: Path
    id: str
    digest: str = ""
    sql: str | None = None
    context: Path = ()
    table: LakeTable | None = None

    @property
    def is_view(self) -> bool:
        """Whether it is a query on others."""
        return self.sql is not None


class Lineage:
    """Follows names through the catalog as it is at each call."""

    def __init__(self, inventory: Inventory, lake: Lake) -> None:
        self._inventory, self._lake = inventory, lake

    def find(self, path: Path, context: Path = ()) -> Dataset | None:
        """The dataset behind a name, found as the catalog finds it; nothing when it has no version."""
        for candidate in candidates(path, context):
            if len(candidate) < 2:
                continue
            if candidate[0].lower() in ("sys", "information_schema"):
                return None
            entity = self._inventory.store.by_path(candidate)
            if entity is not None and entity.kind is Kind.VIEW:
                within = tuple(entity.body["context"])
                digest = _digest([entity.body["sql"], within])
                return Dataset(entity.path, entity.id, digest, entity.body["sql"], within)
            if entity is not None and entity.kind is Kind.PROMOTED:
                return Dataset(
                    entity.path, entity.id, _digest([entity.body["files"], entity.body["columns"]])
                )
            if table := self._inventory.lake_table(candidate):
                return Dataset((*table.schema.split("."), table.name), table.uuid, table=table)
            source = self._lake.source(candidate[0])
            if source is not None and source.postgres is not None and len(candidate) == 3:
                return None
        return None

    def reached(self, dataset: Dataset, depth: int = 0) -> dict[str, Dataset]:
        """A dataset and everything below it, by id. Raises Unversioned."""
        if depth > MAX_VIEW_DEPTH:
            raise Unversioned(f"views are nested too deep below [{dotted(dataset.path)}]")
        found = {dataset.id: dataset}
        if dataset.sql is None:
            return found
        for name in parsed(dataset.sql).names:
            below = self.find(name, dataset.context) if name else None
            if below is None:
                raise Unversioned(f"[{dotted(name) or 'an older version of a table'}] has no data version")
            found.update(self.reached(below, depth + 1))
        return found


def _digest(parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, default=list).encode()).hexdigest()
