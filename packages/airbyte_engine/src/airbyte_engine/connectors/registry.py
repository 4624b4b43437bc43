"""Which connectors there are, by their names in Airbyte and here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeAlias, TypeVar
from uuid import UUID

from airbyte_engine.connectors.connector import Connector, Source
from airbyte_engine.connectors.declarative import DeclarativeConnector
from airbyte_engine.connectors.files import FilesConnector
from airbyte_engine.connectors.postgres import PostgresConnector
from airbyte_engine.connectors.s3 import S3Connector
from airbyte_engine.store.actors import Kind

Manifest: TypeAlias = Mapping[str, Any]
_C = TypeVar("_C", bound=Connector, covariant=True)


@dataclass(frozen=True)
class Registered(Generic[_C]):
    """A connector that needs no manifest."""

    type_name: str
    """Airbyte's `sourceType` or `destinationType`."""
    definition_id: UUID
    """Its id in Airbyte's own registry."""
    connector: _C


SOURCES: Final[Sequence[Registered[Source]]] = (
    Registered("postgres", UUID("decd338e-5647-4c0b-adf4-da0e75f5a750"), PostgresConnector()),
    Registered("s3", UUID("69589781-7828-43c5-9f63-8925b1c1ccc2"), FilesConnector()),
)
DESTINATIONS: Final[Sequence[Registered[Connector]]] = (
    Registered("s3", UUID("4816b78f-1489-44c1-9060-4b19d5fa9362"), S3Connector()),
)


def registered(kind: Kind) -> Sequence[Registered[Connector]]:
    """Those of a kind."""
    return SOURCES if kind == "source" else DESTINATIONS


def type_name(kind: Kind, name: str) -> str:
    """Airbyte's name of a connector's type."""
    return next((each.type_name for each in registered(kind) if each.connector.name == name), name)


def source_of(name: str, manifest: Manifest | None) -> Source:
    """The source connector of that name; a declarative one is what its manifest says."""
    if name == DeclarativeConnector.name:
        return DeclarativeConnector(manifest or {})
    return next(each.connector for each in SOURCES if each.connector.name == name)


def connector_of(kind: Kind, name: str, manifest: Manifest | None = None) -> Connector:
    """The connector of that kind and name."""
    if kind == "source":
        return source_of(name, manifest)
    return next(each.connector for each in DESTINATIONS if each.connector.name == name)
