"""Which stage of the night syncs which connection: the kind of its source decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lakehouse.airbyte.cadence import by_the_clock
from lakehouse.airbyte.connection_file import (
    ConnectionFile,
    ConnectionFileError,
    Stream,
    read_all_connection_files,
)

STAGE_OF_TYPE: Final[Mapping[str, str]] = {
    "postgres": "extract_postgres",
    "declarative": "extract_apis",
    "file": "extract_apis",
}
"""The stage that syncs a connection, by its source's type."""


def night_syncs(stage_name: str) -> tuple[ConnectionFile, ...]:
    """The connections that the stage syncs, by name; none if nothing of its kind is declared.

    Raises:
        ConnectionFileError: a connection's file is faulty, or its source is of no type that a stage syncs.
        ValueError: the stage syncs nothing, whatever is declared.
    """
    if stage_name not in STAGE_OF_TYPE.values():
        known = ", ".join(dict.fromkeys(STAGE_OF_TYPE.values()))
        raise ValueError(f"{stage_name} syncs no connection; those that do: {known}")
    every = by_the_clock(read_all_connection_files())
    return tuple(each for each in every if stage_of(each) == stage_name)


def syncs_listed(stage_name: str) -> list[str]:
    """The stage's connections in words, for its page: streams, how they are read, where they land.

    Raises: as `night_syncs`.
    """
    return [
        f"`{each.name}` ({each.business}) reads {', '.join(_read_how(stream) for stream in each.streams)}; "
        f"lands in `source={each.source_folder}/`"
        for each in night_syncs(stage_name)
    ]


def _read_how(stream: Stream) -> str:
    if not stream.sync_mode.startswith("incremental"):
        return f"`{stream.name}` in full"
    cursor = f" by `{stream.cursor_field}`" if stream.cursor_field else ""
    return f"`{stream.name}`{cursor}"


def stage_of(declared: ConnectionFile) -> str:
    """The stage that syncs a connection of the night.

    Raises:
        ConnectionFileError: its source is of no type that a stage syncs.
    """
    try:
        return STAGE_OF_TYPE[declared.source.type]
    except KeyError:
        known = ", ".join(STAGE_OF_TYPE)
        raise ConnectionFileError(
            f"{declared.name}.yaml: source type {declared.source.type!r} is not one of: {known}"
        ) from None
