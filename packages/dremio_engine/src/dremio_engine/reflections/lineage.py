"""What a name in a query stands for, and every dataset that a dataset is made of.

Only what has a version can be followed: tables of the lake, promoted folders, and views on these. A system
table, a table of a PostgreSQL source or an older version of a table ends the search with `Unversioned`.
"""

import functools
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from dremio_engine.catalog.catalog import Catalog
from dremio_engine.catalog.entities import Kind, Path, dotted, path_key
from dremio_engine.lake.lake import Lake, LakeTable
from dremio_engine.sql.dialect import parse
from dremio_engine.sql.translate import MAX_VIEW_DEPTH, is_cte


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
    """Follows names through the catalogue as it is at each call."""

    def __init__(self, catalog: Catalog, lake: Lake) -> None:
        self._catalog, self._lake = catalog, lake

    def find(self, path: Path, context: Path = ()) -> Dataset | None:
        """The dataset behind a name, found as the catalogue finds it; nothing when it has no version."""
        for candidate in candidates(path, context):
            if len(candidate) < 2:
                continue
            if candidate[0].lower() in ("sys", "information_schema"):
                return None
            entity = self._catalog.store.by_path(candidate)
            if entity is not None and entity.kind is Kind.VIEW:
                within = tuple(entity.body["context"])
                digest = _digest([entity.body["sql"], within])
                return Dataset(entity.path, entity.id, digest, entity.body["sql"], within)
            if entity is not None and entity.kind is Kind.PROMOTED:
                return Dataset(
                    entity.path, entity.id, _digest([entity.body["files"], entity.body["columns"]])
                )
            if table := self._catalog.lake_table(candidate):
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
        for name in names_in(dataset.sql):
            below = self.find(name, dataset.context) if name else None
            if below is None:
                raise Unversioned(f"[{dotted(name) or 'an older version of a table'}] has no data version")
            found.update(self.reached(below, depth + 1))
        return found


def candidates(path: Path, context: Path) -> list[Path]:
    """The full paths a name may stand for, in the catalogue's order."""
    flat = tuple(piece for part in path for piece in part.split("."))
    return list(dict.fromkeys([(*context, *path), path, flat]))


@functools.lru_cache(maxsize=1024)
def names_in(sql: str) -> tuple[Path, ...]:
    """The names of tables and views in a query; () stands for one that is not plain (an older version)."""
    return tuple(
        (tuple(part.name for part in table.parts) if is_plain(table) else ())
        for table in tables_in(parse(sql))
    )


def tables_in(tree: exp.Expr) -> Iterator[exp.Table]:
    """The tables of a query that are not its own WITH."""
    for table in tree.find_all(exp.Table):
        if not (is_plain(table) and len(table.parts) == 1 and is_cte(table, table.name)):
            yield table


def is_plain(table: exp.Table) -> bool:
    """Whether it is a name and nothing else: no function, version, sample."""
    return isinstance(table.this, exp.Identifier) and not any(
        table.args.get(k) for k in ("version", "when", "changes", "sample", "ordinality", "only", "pivots")
    )


def keys_of(path: Path, context: Path) -> set[str]:
    """The keys of every path a name may stand for."""
    return {path_key(candidate) for candidate in candidates(path, context)}


def _digest(parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, default=list).encode()).hexdigest()
