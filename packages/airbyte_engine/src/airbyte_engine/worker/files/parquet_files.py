"""Parquet files to records, as Airbyte's parser gives them: times and decimals as text, lists as they are."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from airbyte_engine.worker.column_names import ColumnNameError, ColumnNames
from airbyte_engine.worker.files.errors import UnreadableFileError
from airbyte_engine.worker.files.file_columns import ADDED

_BATCH_ROWS = 10_000
_UTC = pa.timestamp("us", "UTC")


class ParquetRecords:
    """An open Parquet file. Folders such as `year=2025` in its name are columns, too."""

    def __init__(self, file: pq.ParquetFile, url: str, form: Mapping[str, Any]) -> None:
        """Raises UnreadableFileError when its columns cannot land under their names."""
        self._file = file
        self._decimals_as_numbers = bool(form.get("decimal_as_float"))
        self._folders = {
            name: value
            for name, equals, value in (unquote(part).partition("=") for part in url.split("/")[:-1])
            if equals
        }
        try:
            ColumnNames(ADDED).add([*file.schema_arrow.names, *self._folders])
        except ColumnNameError as error:
            raise UnreadableFileError(f"its columns: {error}") from error

    @property
    def schema(self) -> dict[str, Any]:
        """JSON schema properties. Raises UnreadableFileError for a type that Airbyte does not read."""
        own = {field.name: self._property(field.name, field.type) for field in self._file.schema_arrow}
        return own | {name: {"type": "string"} for name in self._folders}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for batch in self._file.iter_batches(_BATCH_ROWS):
            columns = {name: self._values(batch.column(name)) for name in batch.schema.names}
            for row in zip(*columns.values(), strict=True):
                yield dict(zip(columns, row, strict=True)) | self._folders

    def _property(self, name: str, kind: pa.DataType) -> dict[str, str]:
        if pa.types.is_dictionary(kind):
            return self._property(name, kind.value_type)
        if pa.types.is_timestamp(kind):
            return {"type": "string", "format": "date-time"}
        if pa.types.is_date(kind):
            return {"type": "string", "format": "date"}
        if pa.types.is_boolean(kind):
            return {"type": "boolean"}
        if pa.types.is_integer(kind) or pa.types.is_duration(kind):
            return {"type": "integer"}
        if pa.types.is_floating(kind) or (pa.types.is_decimal(kind) and self._decimals_as_numbers):
            return {"type": "number"}
        if pa.types.is_struct(kind) or pa.types.is_map(kind):
            return {"type": "object"}
        if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
            return {"type": "array"}
        if _is_text(kind):
            return {"type": "string"}
        raise UnreadableFileError(f"column {name} is a {kind}, which Airbyte does not read: leave it out")

    def _values(self, column: pa.Array) -> list[Any]:
        kind = column.type
        if pa.types.is_dictionary(kind):
            return self._values(column.dictionary_decode())
        if pa.types.is_timestamp(kind):
            # A time without a zone is taken for UTC.
            column = pc.cast(column, _UTC, safe=False)
        elif pa.types.is_duration(kind):
            column = pc.cast(column, pa.int64())
        elif pa.types.is_floating(kind) or (pa.types.is_decimal(kind) and self._decimals_as_numbers):
            return list(pc.cast(column, pa.float64(), safe=False).to_pylist())
        elif pa.types.is_time64(kind):
            column = pc.cast(column, pa.time64("us"), safe=False)
        elif _is_text(kind) and not pa.types.is_time(kind):
            column = pc.cast(column, pa.string())
        if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
            column = pc.cast(column, pa.string())
        values: list[Any] = column.to_pylist(maps_as_pydicts="lossy")
        needs_words = pa.types.is_nested(column.type) or pa.types.is_time(column.type)
        return [_plain(value) for value in values] if needs_words else values


@contextmanager
def parquet_records(raw: IO[bytes], url: str, form: Mapping[str, Any]) -> Iterator[ParquetRecords]:
    """The records of a file under a `format` of source-s3. Raises UnreadableFileError."""
    with tempfile.TemporaryFile() as spooled:
        # Its description stands at the file's end, and an object of S3 is read from its beginning.
        shutil.copyfileobj(raw, spooled)
        spooled.seek(0)
        try:
            file = pq.ParquetFile(spooled)
        except pa.ArrowException as error:
            raise UnreadableFileError(f"it is not Parquet: {error}") from error
        yield ParquetRecords(file, url, form)


def _is_text(kind: pa.DataType) -> bool:
    """What lands as text, and Arrow casts to it. Bytes must be UTF-8."""
    return (
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_time(kind)
        or pa.types.is_null(kind)
    )


def _plain(value: Any) -> Any:
    """A value within a list or an object as JSON has it."""
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)
