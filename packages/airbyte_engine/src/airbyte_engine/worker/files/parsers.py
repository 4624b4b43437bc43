"""CSV and JSON lines to records; what cannot be read is named with its line."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airbyte_engine.worker.column_names import ColumnNameError, ColumnNames, shown
from airbyte_engine.worker.exact_json import ExactJson
from airbyte_engine.worker.files.errors import UnreadableLineError
from airbyte_engine.worker.files.file_columns import ADDED
from airbyte_engine.worker.numbers import csv_integer, csv_number

_LONGEST_VALUE = 512 * 1024 * 1024
_TRUE = ("y", "yes", "t", "true", "on", "1")
_FALSE = ("n", "no", "f", "false", "off", "0")
"""Airbyte's defaults."""

csv.field_size_limit(_LONGEST_VALUE)


def records(lines: Iterable[str], form: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The records of a file under a `format` of source-s3. Raises UnreadableLineError."""
    return _json_lines(lines) if form["filetype"] == "jsonl" else _csv(lines, form)


def typed(record: dict[str, Any], kinds: Mapping[str, str], form: Mapping[str, Any]) -> dict[str, Any]:
    """A CSV record under the types of an `input_schema`; a text that is none of its type stays one."""
    return {name: _cast(value, kinds.get(name, "string"), form) for name, value in record.items()}


def csv_reader(lines: Iterable[str], form: Mapping[str, Any]) -> Any:
    """Python's reader in the format's dialect. Raises TypeError for a dialect that there is not."""
    delimiter = form.get("delimiter") or ","
    return csv.reader(
        lines,
        delimiter="\t" if delimiter == r"\t" else delimiter,
        quotechar=form.get("quote_char") or '"',
        escapechar=form.get("escape_char") or None,
        doublequote=form.get("double_quote", True),
        strict=True,
    )


def _cast(value: Any, kind: str, form: Mapping[str, Any]) -> Any:
    if not isinstance(value, str) or kind not in ("integer", "number", "boolean"):
        return value
    if kind == "boolean":
        trues, falses = form.get("true_values") or _TRUE, form.get("false_values") or _FALSE
        for spelling in (value, value.lower()):
            if spelling in trues or spelling in falses:
                return spelling in trues
        return value
    if value == "":
        return None
    return csv_integer(value) if kind == "integer" else csv_number(value)


class _Counted:
    """Lines, and how many of them were read: the reader counts those alone that it sees."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self.read = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.read += 1
        return line

    def skip(self, count: Any) -> None:
        """As Airbyte does it: lines of the file, whatever quotes are in them."""
        for _ in range(int(count or 0)):
            next(self, None)


@dataclass(frozen=True)
class _Header:
    """The columns' names; behind them `nameless` columns may stand that are empty in every row."""

    line: int
    names: list[str]
    nameless: int = 0

    def record_fields(self, line: int, row: list[str]) -> list[str]:
        """The row without its nameless fields. Raises UnreadableLineError."""
        count = len(self.names)
        if not self.nameless or len(row) <= count:
            return row
        nameless = row[count : count + self.nameless]
        if any(value.strip() for value in nameless):
            columns = [count + 1 + place for place, value in enumerate(nameless) if value.strip()]
            raise UnreadableLineError(
                self.line, f"{_without_a_name(columns)}, and line {line} has values there: add the names"
            )
        return row[:count] + row[count + self.nameless :]


def _csv(lines: Iterable[str], form: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    source = _Counted(lines)
    source.skip(form.get("skip_rows_before_header"))
    rows = _rows(csv_reader(source, form), source)
    kind = (form.get("header_definition") or {}).get("header_definition_type", "From CSV")
    header = _read_header(rows) if kind == "From CSV" else None
    source.skip(form.get("skip_rows_after_header"))
    if kind == "User Provided":
        header = _Header(0, list(form["header_definition"]["column_names"]))
    nulls = set(form.get("null_values") or ()) if form.get("strings_can_be_null", True) else set()
    lenient = bool(form.get("ignore_errors_on_fields_mismatch"))
    for line, fields in rows:
        if not fields:
            continue
        if header is None:
            header = _Header(0, [f"f{number}" for number in range(len(fields))])
        row = header.record_fields(line, fields)
        if len(row) != len(header.names) and not lenient:
            raise UnreadableLineError(line, f"{len(row)} fields under a header of {len(header.names)}")
        pairs = zip(header.names, row, strict=False)
        yield {name: None if value in nulls else value for name, value in pairs}


def _rows(reader: Any, source: _Counted) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line it began on."""
    while True:
        line = source.read + 1
        try:
            yield line, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnreadableLineError(line, str(error)) from error


def _read_header(rows: Iterator[tuple[int, list[str]]]) -> _Header:
    line, row = next(rows, (1, []))
    names = list(row)
    while names and not names[-1].strip():
        names.pop()
    if not names:
        raise UnreadableLineError(line, "there is no header: the file is empty, or its first line is")
    if empty := [place for place, name in enumerate(names, 1) if not name.strip()]:
        behind = range(len(names) + 1, len(row) + 1)
        raise UnreadableLineError(line, f"{_without_a_name([*empty, *behind])}: add the names")
    if doubled := [name for name, count in Counter(names).items() if count > 1]:
        raise UnreadableLineError(line, f"the header names {', '.join(map(shown, doubled))} twice")
    try:
        ColumnNames(ADDED).add(names)
    except ColumnNameError as error:
        raise UnreadableLineError(line, f"the header: {error}") from error
    return _Header(line, names, len(row) - len(names))


def _without_a_name(columns: list[int]) -> str:
    """Columns are counted from 1."""
    *most, last = map(str, columns)
    if not most:
        return f"column {last} of the header has no name"
    return f"columns {', '.join(most)} and {last} of the header have no name"


def _json_lines(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    exact = ExactJson()
    names = ColumnNames(ADDED)
    for line, raw in enumerate(lines, 1):
        # Files that were joined have their byte-order marks in the middle.
        content = raw.removeprefix("\ufeff")
        if not content.strip():
            continue
        try:
            record = exact.parse(content)
            if not isinstance(record, dict):
                raise ValueError(f"a record is a JSON object, not {content.strip()[:40]!r}")
            if not names.covers(record):
                names.add(record)
        except json.JSONDecodeError as error:
            why = f"{error.msg.removesuffix(' at')} at character {error.pos + 1}"
            raise UnreadableLineError(line, why) from error
        except ValueError as error:
            raise UnreadableLineError(line, str(error)) from error
        yield record
