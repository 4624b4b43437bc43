"""What was chosen of a source: which tables, how each is read, which columns. Files are made of this data.

`bin/source add` keeps it in include/sources/<business>.yaml. The next run knows from it what the files were
made of, and so tells what the source has changed from what a person has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import yaml

from lakehouse.platform.errors import PermanentError

FOLDER: Final = Path("include/sources")
KINDS: Final = ("postgres", "files", "rest")
"""In the order in which they are shown and written."""

_HEADING: Final = """\
# What `bin/source add` saw at the source of {business} and what was chosen. It writes this file: edit the
# files that it makes instead. The next run compares both with the source.
"""


class BlueprintError(PermanentError):
    """A source cannot be brought in as asked; the message says which thing is wrong and what to do."""


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    name: str
    type: str
    """The contract's type: bigint int double boolean varchar date timestamp decimal(p,s)."""
    required: bool = False
    source_type: str = ""
    one_of: tuple[str, ...] = ()
    note: str = ""
    gone: bool = False
    """Has the source dropped it? The rows that landed before still have it."""
    renamed_to: str = ""
    """What it lands as since the source has renamed it; the model keeps the old name."""
    source_name: str = ""
    """What the source calls it; empty if that is `name`."""


@dataclass(frozen=True)
class Table:
    """One table, group of files or API stream."""

    name: str
    mode: str
    """incremental | full_refresh | cdc"""
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    cursor: str | None = None
    deleted_at: str | None = None
    """The column that says when the source deleted the row."""
    schema: str | None = None
    partitioned: bool = False
    globs: tuple[str, ...] = ()
    format: Mapping[str, Any] = field(default_factory=dict)

    def column(self, name: str) -> Column:
        """The column of that name. Raises KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


@dataclass(frozen=True)
class Source:
    """One source of a business: a database, a place of files, or an API."""

    kind: str
    prefix: str
    tables: tuple[Table, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    """postgres: schemas, ssl_mode, ssl_files (libpq's words for the certificates). files: pattern.
    rest: manifest, has_token, configuration."""
    left_out: tuple[str, ...] = ()
    """Tables of the source that were not chosen; they are not proposed again."""

    def lake_name(self, table: Table) -> str:
        """The table's name from landing on."""
        return self.prefix + table.name


@dataclass(frozen=True)
class Blueprint:
    """A business: its sources, and the tables that have a first gold table."""

    business: str
    sources: tuple[Source, ...] = ()
    gold: tuple[str, ...] = ()
    """Names in the lake."""

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.business}.yaml"

    def source(self, kind: str) -> Source | None:
        """The source of that kind, if there is one."""
        return next((source for source in self.sources if source.kind == kind), None)

    def with_source(self, source: Source) -> Blueprint:
        """The blueprint with that source in the place of the one of its kind."""
        others = [each for each in self.sources if each.kind != source.kind]
        ordered = sorted([*others, source], key=lambda each: KINDS.index(each.kind))
        return replace(self, sources=tuple(ordered))

    def find(self, lake_name: str) -> tuple[Source, Table] | None:
        """The table of that name in the lake, with its source."""
        for source in self.sources:
            for table in source.tables:
                if source.lake_name(table) == lake_name:
                    return source, table
        return None


def as_text(blueprint: Blueprint) -> str:
    """The blueprint as it is kept in the repository."""
    document = {
        "business": blueprint.business,
        "gold": list(blueprint.gold),
        "sources": [_without_defaults(asdict(source)) for source in blueprint.sources],
    }
    heading = _HEADING.format(business=blueprint.business)
    return heading + yaml.safe_dump(
        document, sort_keys=False, width=110, allow_unicode=True, default_flow_style=None
    )


def read_blueprint(business: str, root: Path) -> Blueprint | None:
    """The blueprint of a business; None if `bin/source add` has not made one.

    Raises:
        BlueprintError: the file cannot be read.
    """
    path = root / FOLDER / f"{business}.yaml"
    if not path.exists():
        return None
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        sources = tuple(_source(each) for each in document["sources"])
        return Blueprint(document["business"], sources, tuple(document.get("gold") or ()))
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise BlueprintError(
            f"{FOLDER / path.name} is not what bin/source wrote ({error}): take it from git again"
        ) from error


def _without_defaults(node: Any) -> Any:
    """A mapping without what is empty, so that a line says something."""
    if isinstance(node, dict):
        kept = {key: _without_defaults(value) for key, value in node.items()}
        return {
            key: value
            for key, value in kept.items()
            if value not in (None, "", False, [], {}) or key == "prefix"
        }
    if isinstance(node, list | tuple):
        return [_without_defaults(each) for each in node]
    return node


def _source(node: Mapping[str, Any]) -> Source:
    return Source(
        kind=node["kind"],
        prefix=node.get("prefix", ""),
        tables=tuple(_table(each) for each in node.get("tables") or ()),
        settings=node.get("settings") or {},
        left_out=tuple(node.get("left_out") or ()),
    )


def _table(node: Mapping[str, Any]) -> Table:
    columns = tuple(
        Column(**{**column, "one_of": tuple(column.get("one_of") or ())}) for column in node["columns"]
    )
    return Table(
        name=node["name"],
        mode=node["mode"],
        columns=columns,
        key=tuple(node.get("key") or ()),
        cursor=node.get("cursor"),
        deleted_at=node.get("deleted_at"),
        schema=node.get("schema"),
        partitioned=bool(node.get("partitioned")),
        globs=tuple(node.get("globs") or ()),
        format=node.get("format") or {},
    )
