"""ALTER .. CREATE, DROP and REFRESH REFLECTION."""

from typing import Any

from dremio_engine.catalog.inventory import Inventory
from dremio_engine.errors import InvalidStatement
from dremio_engine.lake.cursors import Interruptible
from dremio_engine.lake.outcomes import Outcome, done
from dremio_engine.paths import dotted
from dremio_engine.reflections.definition import SQL_MEASURES
from dremio_engine.reflections.reflections import Reflections
from dremio_engine.sql.statement import Statement
from dremio_engine.sql.statements import commands as c
from dremio_engine.tables.handlers import Handlers


class ReflectionStatements:
    """Each method is one statement."""

    def __init__(self, reflections: Reflections, inventory: Inventory) -> None:
        self._reflections, self._inventory = reflections, inventory

    def handlers(self) -> Handlers:
        """The commands that are run here."""
        return {
            c.CreateReflection: self.create,
            c.DropReflection: self.drop,
            c.RefreshReflections: self.refresh,
        }

    def create(self, command: c.CreateReflection, statement: Statement, stop: Interruptible) -> Outcome:
        """A reflection; its first refresh starts at once."""
        self._reflections.create(_body(command, self._inventory.dataset_id(command.path)), SQL_MEASURES)
        return done(f"Reflection [{command.name}] added")

    def drop(self, command: c.DropReflection, statement: Statement, stop: Interruptible) -> Outcome:
        """Forget a reflection. Raises InvalidStatement."""
        for reflection in self._reflections.of_dataset(self._inventory.dataset_id(command.path)):
            if reflection.name.lower() == command.name.lower():
                self._reflections.delete(reflection.id)
                return done(f"Reflection [{command.name}] dropped")
        raise InvalidStatement(f"Reflection [{command.name}] not found on [{dotted(command.path)}].")

    def refresh(self, command: c.RefreshReflections, statement: Statement, stop: Interruptible) -> Outcome:
        """Refresh what stands on a dataset; returns before it is done."""
        self._reflections.refresh_dataset(command.path)
        return done(f"Table [{dotted(command.path)}] reflections are queued for refresh.")


def _body(command: c.CreateReflection, dataset_id: str) -> dict[str, Any]:
    """The definition as the Reflection API writes it."""
    return {
        "type": command.type,
        "name": command.name,
        "datasetId": dataset_id,
        "enabled": True,
        "displayFields": [{"name": n} for n in command.display],
        "dimensionFields": [{"name": n, "granularity": g} for n, g in command.dimensions],
        "measureFields": [{"name": n, "measureTypeList": list(k)} for n, k in command.measures],
        "partitionFields": [{"name": p.column, "transform": _transform(p)} for p in command.partitions],
        "sortFields": [{"name": n} for n in command.sort],
    }


def _transform(field: c.PartitionField) -> dict[str, Any]:
    transform: dict[str, Any] = {"type": field.transform.upper()}
    if field.transform == "bucket":
        transform["bucketTransform"] = {"bucketCount": field.argument}
    if field.transform == "truncate":
        transform["truncateTransform"] = {"truncateLength": field.argument}
    return transform
