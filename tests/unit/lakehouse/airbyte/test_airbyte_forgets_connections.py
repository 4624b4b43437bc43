"""`bin/airbyte forget` deletes what no file declares, and a source only with its last connection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from lakehouse.airbyte.errors import AirbyteNotFoundError, AirbyteRefusedError
from lakehouse.airbyte.forgetting import forget


class Server:
    """Connections and sources by id."""

    def __init__(self, connections: Mapping[str, tuple[str, str]], sources: Mapping[str, str]) -> None:
        self.connections = dict(connections)
        self.sources = dict(sources)

    def listed(self, path: str) -> Iterator[dict[str, Any]]:
        assert path == "/connections"
        for each, (name, source) in list(self.connections.items()):
            yield {"connectionId": each, "name": name, "sourceId": source}

    def fetch(self, path: str) -> dict[str, Any]:
        source = path.removeprefix("/sources/")
        if source not in self.sources:
            raise AirbyteNotFoundError(path)
        return {"name": self.sources[source]}

    def delete(self, path: str) -> None:
        kind, _, each = path.removeprefix("/").partition("/")
        del (self.connections if kind == "connections" else self.sources)[each]


def server() -> Any:
    connections = {
        "1": ("cafe_postgres_to_lake", "a"),
        "2": ("cafe_cdc_to_lake", "a"),
        "3": ("shop_postgres_to_lake", "b"),
    }
    return Server(connections, {"a": "cafe_postgres", "b": "shop_postgres"})


DECLARED = ["shop_postgres_to_lake"]


def test_a_source_goes_with_its_last_connection_and_others_stay() -> None:
    airbyte = server()
    assert forget(airbyte, ["cafe_postgres_to_lake"], DECLARED) == ["connection cafe_postgres_to_lake"]
    assert airbyte.sources == {"a": "cafe_postgres", "b": "shop_postgres"}, "another connection reads it"
    assert forget(airbyte, ["cafe_cdc_to_lake"], DECLARED) == [
        "connection cafe_cdc_to_lake",
        "source cafe_postgres",
    ]
    assert list(airbyte.connections) == ["3"]
    assert airbyte.sources == {"b": "shop_postgres"}


def test_what_is_declared_is_refused_and_nothing_is_deleted() -> None:
    airbyte = server()
    with pytest.raises(AirbyteRefusedError, match="declares shop_postgres_to_lake"):
        forget(airbyte, ["cafe_cdc_to_lake", "shop_postgres_to_lake"], DECLARED)
    assert len(airbyte.connections) == 3


def test_a_connection_that_is_not_there_is_not_missed() -> None:
    airbyte = server()
    assert forget(airbyte, ["nobody_to_lake"], DECLARED) == []
    assert len(airbyte.connections) == 3


def test_two_connections_of_one_name_are_left_to_a_person() -> None:
    airbyte = server()
    airbyte.connections["4"] = ("cafe_cdc_to_lake", "a")
    with pytest.raises(AirbyteRefusedError, match="2 connections named cafe_cdc_to_lake"):
        forget(airbyte, ["cafe_cdc_to_lake"], DECLARED)
    assert len(airbyte.connections) == 4
