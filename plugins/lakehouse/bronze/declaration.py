"""Do the connections of include/airbyte and the contracts of include/contracts belong together?

A stream that lands without a contract is loaded by nobody, and a contract whose stream nobody lands fails
every night: both are told before the first night, with the file to write or to delete.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lakehouse.airbyte.connection_file import ConnectionFile, Stream, read_all_connection_files
from lakehouse.bronze.contract import Contract, ContractError, Mode
from lakehouse.bronze.contract_file import load_contract, shown_path
from lakehouse.bronze.declared import CONTRACTS, STREAM_CONTRACTS
from lakehouse.landing.columns import landed_name
from lakehouse.platform.errors import PermanentError


class DeclarationError(PermanentError):
    """Connections and contracts do not belong together."""


def check_declaration(contracts: Path = CONTRACTS, stream_contracts: Path = STREAM_CONTRACTS) -> int:
    """Compare every stream of every connection with its contract; how many there are.

    Raises:
        ConnectionFileError: a connection's file is faulty.
        DeclarationError: naming every stream without a contract, every contract without a stream, and every
            contract that says something else than the connection.
    """
    every = read_all_connection_files()
    nightly = [each for each in every if not each.is_streamed]
    streamed = [each for each in every if each.is_streamed]
    found = [*_faults(nightly, contracts), *_faults(streamed, stream_contracts)]
    if found:
        raise DeclarationError("; ".join(found))
    return sum(len(each.streams) for each in every)


def _faults(connections: list[ConnectionFile], folder: Path) -> Iterator[str]:
    landed = {
        connection.lake_name(stream.name): (connection, stream)
        for connection in connections
        for stream in connection.streams
    }
    contracted = {path.stem for path in folder.glob("*.yaml")}
    for name in sorted(landed.keys() - contracted):
        yield (
            f"include/airbyte/{landed[name][0].name}.yaml brings the stream {name}, which has no contract: "
            f"write {shown_path(folder / f'{name}.yaml')}"
        )
    for name in sorted(contracted - landed.keys()):
        yield (
            f"{shown_path(folder / f'{name}.yaml')}: no connection of include/airbyte brings the stream "
            f"{name} (a connection's prefix is part of the name): add it to one, or delete the contract"
        )
    for name in sorted(landed.keys() & contracted):
        try:
            contract = load_contract(name, folder)
        except ContractError as error:
            yield str(error)
            continue
        for fault in _contradictions(contract, *landed[name]):
            yield f"{shown_path(folder / f'{name}.yaml')}: {fault}"


def _contradictions(contract: Contract, connection: ConnectionFile, stream: Stream) -> Iterator[str]:
    landing = f"{connection.name}.yaml"
    if contract.source != connection.source_folder:
        yield f"source {contract.source}, but {landing} lands it under {connection.source_folder}"
    mode = _mode(connection, stream)
    if contract.mode is not mode:
        yield f"mode {contract.mode}, but {landing} reads it as {mode}"
    if stream.primary_key and set(contract.key) != {landed_name(name) for name in stream.primary_key}:
        yield f"key {list(contract.key)}, but {landing} says {list(stream.primary_key)}"
    cursor = stream.cursor_field and landed_name(stream.cursor_field)
    if cursor and contract.mode is Mode.INCREMENTAL and contract.cursor != cursor:
        yield f"cursor {contract.cursor}, but {landing} reads by {stream.cursor_field}"


def _mode(connection: ConnectionFile, stream: Stream) -> Mode:
    if stream.sync_mode.startswith("full_refresh"):
        return Mode.FULL_REFRESH
    method = connection.source.configuration.get("replication_method") or {}
    return Mode.CDC if method.get("method") == "CDC" else Mode.INCREMENTAL
