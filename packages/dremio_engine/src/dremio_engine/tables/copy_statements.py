"""COPY INTO: files of a source into a table, all of them or none.

Each file is read twice: once to find what cannot be read, once to be written.
"""

from collections.abc import Callable
from dataclasses import dataclass

import duckdb

from dremio_engine.catalog.copy_files import files_to_copy
from dremio_engine.catalog.inventory import Inventory
from dremio_engine.errors import InvalidStatement
from dremio_engine.lake.copy_reading import (
    Columns,
    Records,
    csv_records,
    json_records,
    parquet_records,
    records_beside_broken_ones,
)
from dremio_engine.lake.cursors import Cursor, Interruptible, count
from dremio_engine.lake.lake import Lake, LakeTable, lake_name
from dremio_engine.lake.messages import first_line
from dremio_engine.lake.outcomes import Outcome, copied
from dremio_engine.lake.writer import Writer
from dremio_engine.paths import candidates, dotted
from dremio_engine.sql.quoting import quoted
from dremio_engine.sql.statement import Statement
from dremio_engine.sql.statements.copy_parser import check_options
from dremio_engine.sql.statements.load_commands import CopyInto, FormatOptions
from dremio_engine.tables.handlers import Handlers

_READERS: dict[str, Callable[[Cursor, str, Columns, FormatOptions], Records | None]] = {
    "csv": csv_records,
    "json": json_records,
    "parquet": parquet_records,
}


@dataclass(frozen=True)
class Load:
    """What is written of a file, and how many of its records are not."""

    records: Records | None
    condition: str = "true"
    rejected: int = 0


class CopyStatements:
    """One statement and one transaction."""

    def __init__(self, lake: Lake, inventory: Inventory) -> None:
        self._lake, self._inventory = lake, inventory
        self._writer = Writer(lake)

    def handlers(self) -> Handlers:
        """The command that is run here."""
        return {CopyInto: self.copy}

    def copy(self, command: CopyInto, statement: Statement, stop: Interruptible) -> Outcome:
        """COPY INTO."""
        table = self._table_at(command, statement)
        kind, files = files_to_copy(self._lake, command)
        check_options(kind, _given(command))
        if kind == "parquet" and command.on_error == "continue":
            raise InvalidStatement(
                "PARSE ERROR: ON_ERROR 'continue' option is not supported for parquet file format"
            )
        with self._lake.session() as cursor:
            stop.attach(cursor)
            described = cursor.execute(f"describe {lake_name(table)}").fetchall()
            columns = [(row[0], row[1]) for row in described]
            loads = [self._load(cursor, command, kind, file, columns) for file in files]

        def work(cursor: Cursor) -> int:
            return sum(_write(cursor, lake_name(table), load) for load in loads)

        inserted = self._writer.run(lake_name(table), work, stop, files_of=table)
        rejected = sum(load.rejected for load in loads)
        return copied(inserted, None if command.on_error == "abort" else rejected)

    def _load(self, cursor: Cursor, command: CopyInto, kind: str, file: str, columns: Columns) -> Load:
        name, broken = file.rpartition("/")[2], 0
        try:
            try:
                records = _READERS[kind](cursor, file, columns, command.options)
                total, wrong, first = _counted(cursor, records)
            except duckdb.Error:
                if command.on_error != "continue":
                    raise
                records, broken = records_beside_broken_ones(cursor, kind, file, columns, command.options)
                total, wrong, first = _counted(cursor, records)
        except duckdb.Error as error:
            if command.on_error == "skip_file":
                return Load(None, rejected=1)
            reason = first_line(error).split("\nPossible fixes")[0]
            raise InvalidStatement(
                f"EXECUTION ERROR: Error processing input in file {name}: {reason}"
            ) from error
        if records is None or not wrong:
            return Load(records, rejected=broken)
        if command.on_error == "abort":
            raise InvalidStatement(
                f"EXECUTION ERROR: Error processing input in file {name}, record {first}:"
                f" {_first_wrong(cursor, records, first)}"
            )
        if command.on_error == "skip_file":
            return Load(None, rejected=1)
        if kind == "json":
            return Load(records, f'"$record" < {first}', total - first + 1 + broken)
        return Load(records, '"$wrong" is null', wrong + broken)

    def _table_at(self, command: CopyInto, statement: Statement) -> LakeTable:
        for path in candidates(command.path, statement.context):
            if table := self._inventory.lake_table(path):
                return table
        raise InvalidStatement(f"VALIDATION ERROR: Table [{dotted(command.path)}] not found")


def _counted(cursor: Cursor, records: Records | None) -> tuple[int, int, int]:
    """How many records there are, how many of them are wrong, and the first of those."""
    if records is None:
        return 0, 0, 0
    total, wrong, first = cursor.execute(
        'select count(*), count("$wrong"), min("$record") filter (where "$wrong" is not null)'
        f" from ({records.sql}) as records"
    ).fetchall()[0]
    return int(total), int(wrong), int(first or 0)


def _first_wrong(cursor: Cursor, records: Records, number: int) -> str:
    row = cursor.execute(
        f'select "$wrong" from ({records.sql}) as records where "$record" = {int(number)}'
    ).fetchone()
    return str(row[0]) if row else ""


def _write(cursor: Cursor, table: str, load: Load) -> int:
    if load.records is None:
        return 0
    names = ", ".join(map(quoted, load.records.columns))
    return count(
        cursor.execute(
            f"insert into {table} ({names}) select {names} from ({load.records.sql}) as records"
            f" where {load.condition}"
        )
    )


def _given(command: CopyInto) -> tuple[str, ...]:
    """The options that differ from Dremio's own."""
    standard = FormatOptions()
    return tuple(
        name.upper() for name in vars(standard) if getattr(command.options, name) != getattr(standard, name)
    )
