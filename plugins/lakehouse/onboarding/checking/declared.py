"""What the repository declares of a business: its connections with their contracts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lakehouse.airbyte.connection_file import ConnectionFile, Stream, read_all_connection_files
from lakehouse.bronze.contract import Contract
from lakehouse.bronze.contract_file import load_contract
from lakehouse.onboarding.writing.blueprint import BlueprintError, read_blueprint
from lakehouse.platform.yaml_files import parse_yaml

CONTRACTS: Final = Path("include/contracts")
STREAMED_CONTRACTS: Final = CONTRACTS / "stream"
_OF_FILES: Final = ("_ab_source_file_url", "_ab_source_file_last_modified")
"""What Airbyte adds to the rows of a file; no source has it."""


@dataclass(frozen=True)
class DeclaredStream:
    """A stream as its connection and its contract declare it."""

    connection: ConnectionFile
    stream: Stream
    contract: Contract
    types: Mapping[str, str]
    """The contract's columns and their types, as its file spells them; without those that Airbyte adds."""
    gone: frozenset[str] = frozenset()
    """Columns of the contract that the source is known not to have any more."""

    @property
    def lake_name(self) -> str:
        return self.connection.lake_name(self.stream.name)


def declared_connections(business: str) -> tuple[ConnectionFile, ...]:
    """The business's connections that the night reads.

    Raises:
        BlueprintError: there is none; names the businesses that there are.
        ConnectionFileError: a file is faulty.
    """
    every = [each for each in read_all_connection_files() if not each.is_streamed]
    ours = tuple(each for each in every if each.business == business)
    if not ours:
        known = ", ".join(sorted({each.business for each in every})) or "none"
        raise BlueprintError(
            f"no connection in include/airbyte/ has the business {business}; there are: {known}. "
            f"bin/source add {business} brings one in"
        )
    return ours


def streamed_connections(business: str) -> tuple[ConnectionFile, ...]:
    """The business's connections that are read all day, by no night; most businesses have none.

    Raises:
        ConnectionFileError: a file is faulty.
    """
    return tuple(
        each for each in read_all_connection_files() if each.business == business and each.is_streamed
    )


def declared_streams(connection: ConnectionFile, root: Path) -> list[DeclaredStream]:
    """The connection's streams that have a contract.

    Raises:
        ContractError: a contract is faulty.
        BlueprintError: what `bin/source add` kept cannot be read.
    """
    gone = _gone(connection.business, root)
    contracts = root / (STREAMED_CONTRACTS if connection.is_streamed else CONTRACTS)
    return [
        DeclaredStream(
            connection,
            stream,
            load_contract(name, contracts),
            _types(parse_yaml((contracts / f"{name}.yaml").read_text(encoding="utf-8"))),
            gone.get(name, frozenset()),
        )
        for stream in connection.streams
        if (contracts / f"{(name := connection.lake_name(stream.name))}.yaml").exists()
    ]


def _types(document: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: str(rules["type"]).replace(" ", "")
        for name, rules in document["columns"].items()
        if name not in _OF_FILES
    }


def _gone(business: str, root: Path) -> dict[str, frozenset[str]]:
    """By stream: columns that a rerun of `bin/source add` has found dropped or renamed."""
    blueprint = read_blueprint(business, root)
    return {
        source.lake_name(table): frozenset(
            column.name for column in table.columns if column.gone or column.renamed_to
        )
        for source in (blueprint.sources if blueprint else ())
        for table in source.tables
    }
