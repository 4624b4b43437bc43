"""Folders of Parquet files that are tables: promoted, listed again, forgotten."""

from typing import Any

from dremio_engine.catalog import promotion
from dremio_engine.catalog.entities import Entity, Kind
from dremio_engine.catalog.inventory import Inventory
from dremio_engine.catalog.store import EXISTS
from dremio_engine.errors import Conflict, InvalidStatement
from dremio_engine.lake.lake import Lake
from dremio_engine.paths import Path, dotted


class Promotions:
    """`promotion.py` reads the files; this keeps what was read."""

    def __init__(self, inventory: Inventory, lake: Lake) -> None:
        self._inventory, self._lake = inventory, lake

    def promote(self, path: Path, format_options: dict[str, Any]) -> Entity:
        """Make a folder of Parquet files a table. Raises Conflict when it is one."""
        promotion.check_format(format_options)
        if self._inventory.store.by_path(path) or self._inventory.lake_table(path):
            raise Conflict(f"{EXISTS}: [{dotted(path)}]")
        body = promotion.read_metadata(self._lake, path)
        return self._inventory.store.add(Entity(Kind.PROMOTED, path, body))

    def refresh(self, path: Path, auto_promotion: bool) -> str:
        """List a promoted dataset's files again; says what happened. Raises InvalidStatement."""
        if self._inventory.lake_table(path):
            return f"Table '{dotted(path)}': metadata is unchanged, no refresh occurred."
        entity = self._inventory.store.by_path(path)
        if entity is None and auto_promotion and self._lake.source(path[0]):
            self.promote(path, {"type": "Parquet"})
        elif entity is not None and entity.kind is Kind.PROMOTED:
            self._inventory.store.put(entity, promotion.read_metadata(self._lake, path, entity.body))
        else:
            raise InvalidStatement(f"VALIDATION ERROR: PDS '{dotted(path)}' not found")
        return f"Metadata for table '{dotted(path)}' refreshed."

    def forget(self, path: Path) -> None:
        """Promoted folder -> plain folder. Raises InvalidStatement."""
        entity = self._inventory.store.by_path(path)
        if entity is None or entity.kind is not Kind.PROMOTED:
            raise InvalidStatement(f"VALIDATION ERROR: PDS '{dotted(path)}' not found")
        self._inventory.store.remove(path)
