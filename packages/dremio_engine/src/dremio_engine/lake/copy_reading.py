"""The files of COPY INTO as relations: `$record` numbers the records, `$wrong` names a bad field of one."""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from dremio_engine.errors import InvalidStatement
from dremio_engine.lake.copy_fields import Field, json_field, text_field, typed_field
from dremio_engine.lake.cursors import Cursor
from dremio_engine.sql.quoting import literal, quoted
from dremio_engine.sql.statements.load_commands import FormatOptions

Columns = Sequence[tuple[str, str]]
# Where DuckDB notes the records that it cannot tell apart.
_REJECTS, _SCANS = "rejected_records", "rejected_scans"
# Neither stands in a text file: what would part a line, and a text that is NULL.
_NOWHERE, _NO_NULL = "\x01", "\x02"


@dataclass(frozen=True)
class Records:
    """A query for a file's records; `columns` are the table's that it has."""

    sql: str
    columns: tuple[str, ...]


def csv_records(cursor: Cursor, file: str, columns: Columns, options: FormatOptions) -> Records | None:
    """Fields by the header's names, or by their place; nothing of an empty file.

    Raises InvalidStatement when no name is a column's.
    """
    return _csv_records(cursor, file, columns, options)[0]


def json_records(cursor: Cursor, file: str, columns: Columns, options: FormatOptions) -> Records:
    """Objects, one a line or in an array; members by their names, whose case does not matter."""
    source = f"read_json_objects({literal(file)}, format = 'auto')"
    return _json_records(cursor, file, source, columns, options)


def records_beside_broken_ones(
    cursor: Cursor, kind: str, file: str, columns: Columns, options: FormatOptions
) -> tuple[Records | None, int]:
    """The records of a CSV or JSON file that has some that are none, and how many those are.

    Of JSON a record that cannot be read takes all behind it along, as in Dremio. Raises duckdb.Error where
    records cannot be told apart.
    """
    if kind == "json":
        written = f"{_lines(file, 0)} where trim(line) <> ''"
        lines = f"(select line, row_number() over () as place from {written}) as lines"
        total, first = cursor.execute(
            f"select count(*), min(place) filter (where not json_valid(line)) from {lines}"
        ).fetchall()[0]
        source = f"(select cast(line as json) as json from {lines} where place < {first or total + 1})"
        return _json_records(cursor, file, source, columns, options), total + 1 - first if first else 0
    records, counted = _csv_records(cursor, file, columns, options, tolerant=True)
    if counted is None:
        return records, 0
    cursor.execute(f"select count(*) from {counted}").fetchall()
    broken = cursor.execute(f"select count(distinct line) from {_REJECTS}").fetchall()[0][0]
    cursor.execute(f"drop table {_REJECTS}")
    cursor.execute(f"drop table {_SCANS}")
    return records, int(broken)


def _csv_records(
    cursor: Cursor, file: str, columns: Columns, options: FormatOptions, tolerant: bool = False
) -> tuple[Records | None, str | None]:
    """The records, and the relation whose reading counts those that are none."""
    header = _header(cursor, file, options)
    if not header:
        return None, None
    names = header if options.extract_header else [name for name, _ in columns]
    width = len(header)
    fields = {name.lower(): f'"f{place}"' for place, name in enumerate(names[:width])}
    arguments = {
        "auto_detect": "false",
        "header": str(options.extract_header).lower(),
        "skip": str(options.skip_lines),
        "delim": literal(options.field_delimiter),
        "quote": literal(options.quote_char),
        "escape": literal(options.escape_char),
        "nullstr": literal(_NO_NULL),
        "null_padding": "true",
        "parallel": "false",
        "columns": "{" + ", ".join(f"'f{place}': 'VARCHAR'" for place in range(width)) + "}",
    }
    if options.record_delimiter is not None:
        arguments["new_line"] = literal(options.record_delimiter.encode("unicode_escape").decode())
    if tolerant:
        arguments["ignore_errors"] = "true"
    counting = arguments | {
        "store_rejects": "true",
        "rejects_table": literal(_REJECTS),
        "rejects_scan": literal(_SCANS),
    }
    source, counted = (
        f"read_csv({literal(file)}, {', '.join(f'{k} = {v}' for k, v in each.items())})"
        for each in (arguments, counting)
    )
    found = _records(file, source, columns, fields, lambda raw, kind: text_field(raw, kind, options))
    return found, counted


def _json_records(
    cursor: Cursor, file: str, source: str, columns: Columns, options: FormatOptions
) -> Records:
    found = cursor.execute(f"select distinct unnest(json_keys(json)) from {source} order by 1").fetchall()
    fields: dict[str, str] = {}
    for (key,) in found:
        member = f"json_extract(json, {literal('$.' + _json_name(key))})"
        before = fields.get(key.lower())
        fields[key.lower()] = f"coalesce({before}, {member})" if before else member
    return _records(file, source, columns, fields, lambda raw, kind: json_field(raw, kind, options))


def parquet_records(cursor: Cursor, file: str, columns: Columns, options: FormatOptions) -> Records:
    """Columns by their names, whose case does not matter."""
    source = f"read_parquet({literal(file)})"
    there = cursor.execute(f"describe select * from {source}").fetchall()
    fields = {row[0].lower(): quoted(row[0]) for row in there}
    return _records(file, source, columns, fields, typed_field)


def _records(
    file: str,
    source: str,
    columns: Columns,
    fields: Mapping[str, str],
    read: Callable[[str, str], Field],
) -> Records:
    chosen: list[tuple[str, Field]] = [
        (name, read(fields[name.lower()], kind)) for name, kind in columns if name.lower() in fields
    ]
    if not chosen:
        raise InvalidStatement(
            "VALIDATION ERROR: No column name matches target schema"
            f" [{', '.join(name for name, _ in columns)}] in file {_short(file)}"
        )
    wrong = " ".join(
        f"when {field.wrong} then {literal(f'column {name}, value ')} || coalesce({field.raw}, 'null')"
        for name, field in chosen
    )
    values = ", ".join(f"{field.value} as {quoted(name)}" for name, field in chosen)
    return Records(
        f'select {values}, "$record", case {wrong} end as "$wrong"'
        f' from (select *, row_number() over () as "$record" from {source}) as records',
        tuple(name for name, _ in chosen),
    )


def _header(cursor: Cursor, file: str, options: FormatOptions) -> list[str]:
    """The names in the first line, or as many empty ones as it has fields."""
    lines = cursor.execute(f"select line from {_lines(file, options.skip_lines)} limit 1").fetchall()
    if not lines:
        return []
    reader = csv.reader([lines[0][0]], delimiter=options.field_delimiter, quotechar=options.quote_char)
    return [name.strip() for name in _first(reader)]


def _lines(file: str, skipped: int) -> str:
    return (
        f"read_csv({literal(file)}, auto_detect = false, header = false, quote = '', escape = '',"
        f" skip = {skipped}, delim = {literal(_NOWHERE)}, nullstr = {literal(_NO_NULL)}, parallel = false,"
        " columns = {'line': 'VARCHAR'})"
    )


def _first(rows: Iterable[list[str]]) -> list[str]:
    return next(iter(rows), [])


def _json_name(key: str) -> str:
    return '"' + key.replace('"', '\\"') + '"'


def _short(file: str) -> str:
    return file.rpartition("/")[2]
