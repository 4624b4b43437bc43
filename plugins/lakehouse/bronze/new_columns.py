"""Columns that a source has and its contract does not name."""

from __future__ import annotations

from datetime import date
from typing import Final

import pyarrow as pa

from lakehouse.bronze.contract import Column, Contract, NewColumns
from lakehouse.landing.reader import LandingReader
from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.errors import PermanentError
from lakehouse.platform.sql_files import read_sql

_BY_NAME: Final = {
    str(kind): kind
    for kind in (
        pa.bool_(),
        pa.int32(),
        pa.int64(),
        pa.float64(),
        pa.date32(),
        pa.timestamp("us"),
        pa.string(),
    )
}


class NewColumnsRefusedError(PermanentError):
    """The source has columns that the contract refuses."""


class NewColumnLedger:
    """The table `bronze_new_columns`: the type each column entered bronze with, and keeps entering with."""

    def __init__(self, postgres: PostgresConnections) -> None:
        self._postgres = postgres

    def known(self, source: str, stream: str) -> dict[str, pa.DataType]:
        """The recorded columns of a stream."""
        with transaction(self._postgres) as cursor:
            cursor.execute(
                read_sql("postgres/bronze/select_bronze_new_columns.sql"),
                {"source": source, "stream": stream},
            )
            return {name: _type_of(kind) for name, kind in cursor.fetchall()}

    def record(self, admitted: Contract, contract: Contract, first_date: date) -> None:
        """Record the columns that a published partition has beyond its contract's, unless they are known."""
        with transaction(self._postgres) as cursor:
            for column in admitted.columns[len(contract.columns) :]:
                values = {
                    "source": contract.source,
                    "stream": contract.stream,
                    "column_name": column.name,
                    "column_type": str(column.type),
                    "first_date": first_date,
                }
                cursor.execute(read_sql("postgres/bronze/insert_bronze_new_column.sql"), values)

    def extend(self, contract: Contract) -> Contract:
        """The contract with all columns that have entered the stream's partitions beyond it."""
        known = self.known(contract.source, contract.stream)
        own = {column.name for column in contract.columns}
        return contract.with_columns([Column(name, kind) for name, kind in known.items() if name not in own])


def admit_new_columns(
    contract: Contract, reader: LandingReader, business_date: date, ledger: NewColumnLedger
) -> tuple[Contract, list[str]]:
    """The contract with the new columns it allows, and the names of all new columns.

    A column keeps the type it came with first; a value that cannot be cast to it breaks the contract.

    Raises:
        NewColumnsRefusedError: there are some, and the contract refuses them.
    """
    landed = reader.unexpected_columns([column.name for column in contract.columns])
    if landed and contract.new_columns is NewColumns.REFUSE:
        raise NewColumnsRefusedError(
            f"stream {contract.stream}, {business_date}: the source has new columns "
            f"({', '.join(landed)}) and include/contracts/{contract.stream}.yaml refuses them: "
            "add them to the contract, or set new_columns: allow or ignore"
        )
    if not landed or contract.new_columns is not NewColumns.ALLOW:
        return contract, list(landed)
    known = ledger.known(contract.source, contract.stream)
    admitted = []
    for name, kinds in landed.items():
        if any(pa.types.is_binary(kind) for kind in kinds):
            continue  # it may be no text: it stays in landing
        kind = known.get(name) or (_bronze_type(kinds[0]) if len(kinds) == 1 else pa.string())
        admitted.append(Column(name, kind))
    return contract.with_columns(admitted), list(landed)


def _bronze_type(landed: pa.DataType) -> pa.DataType:
    """Times without zone as everywhere in bronze; what is not a plain value as text, lists as JSON."""
    if pa.types.is_timestamp(landed):
        return pa.timestamp("us")
    if pa.types.is_decimal(landed) or str(landed) in _BY_NAME:
        return landed
    return pa.string()


def _type_of(name: str) -> pa.DataType:
    if name.startswith("decimal128("):
        precision, scale = name.removeprefix("decimal128(").rstrip(")").split(",")
        return pa.decimal128(int(precision), int(scale))
    return _BY_NAME.get(name, pa.string())
