"""What hangs on what, from a dashboard down to the Airbyte connections of its sources.

Read from what the repository declares anyway, so nothing is written twice: dashboards, charts and datasets
from `include/superset`, models from `include/dbt/manifest.json`, streams from `include/airbyte`; the kind of
a connection's source says which stage extracts it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Self

from lakehouse.airbyte.cadence import by_the_clock
from lakehouse.airbyte.connection_file import read_all_connection_files
from lakehouse.airbyte.night_syncs import stage_of
from lakehouse.dbt.project import LAYERS, MANIFEST_FILE
from lakehouse.night.plan import NIGHT
from lakehouse.superset.dashboards import DASHBOARDS_FOLDER, GOLD, Dashboard, read_dashboards

HOT: Final = "hot"
STREAM_DAG: Final = "stream_orders"
"""The DAG that reads a streamed connection all day; no stage of the night does."""
_RAW: Final = "raw_"
"""`bronze.raw_<stream>` is the stream's table in Dremio."""


@dataclass(frozen=True)
class Model:
    """One dbt model."""

    name: str
    layer: str
    """staging, intermediate, marts or gold."""
    stage: str
    """The stage of the night that builds it."""

    @property
    def table(self) -> str:
        """Its name in Dremio, such as `marts.fct_orders`."""
        return f"{self.layer}.{self.name}"


@dataclass(frozen=True)
class StreamOrigin:
    """Where the rows of a stream come from."""

    stream: str
    source: str
    """The source's folder in landing and bronze, such as `postgres_cdc`."""
    connection: str
    """The Airbyte connection."""
    stage: str
    """The stage of the night that syncs it, or the DAG that streams it."""
    reads_all: bool = False
    """Every sync reads all rows, so a date needs no other date's."""

    @property
    def table(self) -> str:
        """Its name in Dremio, such as `bronze.raw_orders`."""
        return f"bronze.{_RAW}{self.stream}"


@dataclass(frozen=True)
class Upstream:
    """All that a gold table is made of."""

    gold: str
    models: tuple[Model, ...]
    """From the table itself down to staging; those of one layer by name."""
    streams: tuple[StreamOrigin, ...]


class Lineage:
    """The graph from dashboards to connections; `read_lineage()` gives the repository's own."""

    def __init__(
        self,
        dashboards: Iterable[Dashboard],
        models: Mapping[str, Model],
        parents: Mapping[str, tuple[str, ...]],
        streams: Iterable[StreamOrigin],
        streamed: Iterable[StreamOrigin] = (),
    ) -> None:
        """
        Args:
            dashboards: all dashboards.
            models: all dbt models by name.
            parents: for each model the names of the models and `raw_<stream>` sources that it reads.
            streams: all streams of the night.
            streamed: what is read all day, beside the night.
        """
        self._dashboards = tuple(dashboards)
        self._models = dict(models)
        self._parents = dict(parents)
        self._streams = {stream.stream: stream for stream in streams}
        self._streamed = tuple(streamed)

    @classmethod
    def read(cls, dashboards: Path = DASHBOARDS_FOLDER, manifest: Path = MANIFEST_FILE) -> Self:
        """The lineage that these files and `include/airbyte` declare.

        Raises:
            SupersetImportError: the dashboards' files do not fit together.
            ConnectionFileError: a connection's file lacks something.
        """
        nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"]
        found = [node for node in nodes.values() if node["resource_type"] == "model"]
        return cls(
            read_dashboards(dashboards),
            {node["name"]: _model(node) for node in found},
            {node["name"]: _names(node["depends_on"]["nodes"]) for node in found},
            _streams(),
            _streamed(),
        )

    def dashboards(self) -> tuple[Dashboard, ...]:
        """The dashboards that show what a night has published, by slug."""
        return tuple(each for each in self._by_slug() if not each.is_live)

    def live_dashboards(self) -> tuple[Dashboard, ...]:
        """The dashboards that show changes as they come, by slug."""
        return tuple(each for each in self._by_slug() if each.is_live)

    def gold_tables(self) -> tuple[str, ...]:
        """All gold tables, such as `gold.orders`, by name."""
        return tuple(sorted(model.table for model in self._models.values() if model.layer == GOLD))

    def models(self) -> tuple[Model, ...]:
        """All models, by layer from staging to gold, then by name."""
        ordered = sorted(self._models.values(), key=lambda each: (LAYERS.index(each.layer), each.name))
        return tuple(ordered)

    def streams(self) -> tuple[StreamOrigin, ...]:
        """All streams of the night, by name."""
        return tuple(self._streams[name] for name in sorted(self._streams))

    def streamed(self) -> tuple[StreamOrigin, ...]:
        """What is read all day, by name; the night may read the same tables by itself."""
        return tuple(sorted(self._streamed, key=lambda each: each.stream))

    def upstream(self, gold: str) -> Upstream:
        """All that a gold table is made of.

        Raises:
            KeyError: no such table; the message lists those there are.
        """
        name = gold.removeprefix(f"{GOLD}.")
        if name not in self._models or self._models[name].layer != GOLD:
            raise KeyError(f"no gold table {gold!r}; there are: {', '.join(self.gold_tables())}")
        reached = dict.fromkeys(self._walk(name))
        models = [self._models[each] for each in reached if each in self._models]
        streams = [
            self._streams[each.removeprefix(_RAW)]
            for each in reached
            if each.startswith(_RAW) and each.removeprefix(_RAW) in self._streams
        ]
        return Upstream(
            gold=self._models[name].table,
            models=tuple(sorted(models, key=lambda each: (-LAYERS.index(each.layer), each.name))),
            streams=tuple(sorted(streams, key=lambda each: each.stream)),
        )

    def parents(self, model: str) -> tuple[str, ...]:
        """Names of the models and `raw_<stream>` sources that a model reads."""
        return self._parents.get(model, ())

    def dashboards_of(self, what: str) -> tuple[Dashboard, ...]:
        """The dashboards that show less or later if this fails.

        Args:
            what: a stage of the night, `stream_orders`, an Airbyte connection, a stream of the night, a model
                or a table such as `gold.orders` or `hot.orders`. What nothing hangs on gives an empty answer.
        """
        return tuple(
            each
            for each in self._by_slug()
            if each.slug == what
            or any(what in self._names_in(gold) for gold in each.gold_tables)
            or (each.is_live and what in self._live_names(each))
        )

    def _by_slug(self) -> list[Dashboard]:
        return sorted(self._dashboards, key=lambda each: each.slug)

    def _live_names(self, board: Dashboard) -> frozenset[str]:
        """A late night is not among them: until it has published, the stream's own rows are shown."""
        hot = {f"{HOT}.{stream.stream}" for stream in self._streamed}
        names = {name for stream in self._streamed for name in (stream.connection, stream.stage)}
        return frozenset({*board.serving_views, *hot, *names})

    def _names_in(self, gold: str) -> frozenset[str]:
        """All names by which something that the table is made of may be called."""
        upstream = self.upstream(gold)
        names = {stage.name for stage in NIGHT if not stage.produces.startswith("extracted/")}
        for model in upstream.models:
            names |= {model.name, model.table, model.stage}
        for stream in upstream.streams:
            names |= {stream.stream, stream.table, stream.connection, stream.stage}
        return frozenset(names)

    def _walk(self, name: str) -> Iterator[str]:
        yield name
        for parent in self._parents.get(name, ()):
            yield from self._walk(parent)


@cache
def read_lineage() -> Lineage:
    """The repository's lineage, read once in a process."""
    return Lineage.read()


def stage_of_layer(layer: str) -> str:
    """The stage whose asset is the layer: `transform_marts` for `marts`.

    Raises:
        KeyError: no stage produces it.
    """
    for stage in NIGHT:
        if stage.produces == layer:
            return stage.name
    raise KeyError(f"no stage of the night produces {layer!r}")


def _model(node: Mapping[str, Any]) -> Model:
    layer = node["fqn"][1]
    return Model(node["name"], layer, stage_of_layer(layer))


def _names(unique_ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(each.rsplit(".", 1)[1] for each in unique_ids if each.startswith(("model.", "source.")))


def _streams() -> Iterator[StreamOrigin]:
    for connection in by_the_clock(read_all_connection_files()):
        for stream in connection.streams:
            yield StreamOrigin(
                stream=connection.lake_name(stream.name),
                source=connection.source_folder,
                connection=connection.name,
                stage=stage_of(connection),
                reads_all=stream.sync_mode.startswith("full_refresh"),
            )


def _streamed() -> Iterator[StreamOrigin]:
    for connection in read_all_connection_files():
        if connection.is_streamed:
            for stream in connection.lake_streams:
                yield StreamOrigin(stream, connection.source_folder, connection.name, STREAM_DAG)
