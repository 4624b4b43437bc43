"""What COPY INTO asks for."""

from dataclasses import dataclass, field

from dremio_engine.paths import Path


@dataclass(frozen=True)
class FormatOptions:
    """How the fields of CSV and JSON files are read; the defaults are Dremio's."""

    date_format: str | None = None
    time_format: str | None = None
    timestamp_format: str | None = None
    trim_space: bool = False
    empty_as_null: bool = True
    null_if: tuple[str, ...] = ()
    field_delimiter: str = ","
    record_delimiter: str | None = None
    quote_char: str = '"'
    escape_char: str = '"'
    extract_header: bool = True
    skip_lines: int = 0


@dataclass(frozen=True)
class CopyInto:
    """COPY INTO table FROM '@location'; `location` is as it was written, `format` csv, json or parquet.

    `on_error` is abort, continue or skip_file.
    """

    path: Path
    location: str
    files: tuple[str, ...] = ()
    regex: str | None = None
    format: str | None = None
    on_error: str = "abort"
    options: FormatOptions = field(default_factory=FormatOptions)
