"""The documented forms in which API responses and CSV imports are kept beside their Parquet partition.

`bronze/api/rest_<stream>/timestamp=20251016_120000/response.json` holds the records that one sync brought,
`bronze/files/csv_import/<batch>.csv` the lines of one file that was dropped. Both are made from the landing
objects of a date, so that a replay writes the same bytes; both hold every landed row, bad ones too.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TextIO

from lakehouse.bronze.contract import Contract, SourceForm
from lakehouse.bronze.landing_reader import AIRBYTE_COLUMNS, LandedBatch, LandingReader, lineage
from lakehouse.lake_layout import api_response_key, csv_import_key

FILE_URL: Final = "_ab_source_file_url"
"""Airbyte's file source adds the file each record came from, and when that file was changed."""
_FILE_COLUMNS: Final = frozenset({FILE_URL, "_ab_source_file_last_modified"})


def write_source_form(contract: Contract, reader: LandingReader, folder: Path) -> dict[str, Path]:
    """Write the stream's documented form into local files, by the key each is published under.

    Nothing for a stream whose contract names no form.
    """
    if contract.source_form is SourceForm.API_RESPONSE:
        return _api_responses(contract, reader, folder)
    if contract.source_form is SourceForm.CSV_IMPORT:
        return _csv_imports(contract, reader, folder)
    return {}


def _api_responses(contract: Contract, reader: LandingReader, folder: Path) -> dict[str, Path]:
    """One JSON document per sync: `{"data": [record, ...], "total": n}`, as the API pages them."""
    written: dict[str, Path] = {}
    counts: dict[str, int] = {}
    with ExitStack() as files:
        opened: dict[str, TextIO] = {}
        for moment, record in _records(reader, AIRBYTE_COLUMNS):
            key = api_response_key(contract.stream, moment)
            if key not in opened:
                written[key] = folder / f"response_{len(written)}.json"
                opened[key] = files.enter_context(written[key].open("w", encoding="utf-8"))
                opened[key].write('{"data": [\n')
                counts[key] = 0
            opened[key].write(",\n" if counts[key] else "")
            opened[key].write(json.dumps(record, default=_as_text, ensure_ascii=False))
            counts[key] += 1
        for key, file in opened.items():
            file.write(f'\n], "total": {counts[key]}}}\n')
    return written


def _csv_imports(contract: Contract, reader: LandingReader, folder: Path) -> dict[str, Path]:
    """One CSV file per file that was dropped, with its name and its columns."""
    written: dict[str, Path] = {}
    with ExitStack() as files:
        writers: dict[str, csv.DictWriter[str]] = {}
        for moment, record in _records(reader, AIRBYTE_COLUMNS):
            dropped = str(record.get(FILE_URL) or f"{contract.stream}_{moment:%Y%m%d_%H%M%S}.csv")
            key = csv_import_key(dropped.rsplit("/", 1)[-1])
            line = {name: value for name, value in record.items() if name not in _FILE_COLUMNS}
            if key not in writers:
                written[key] = folder / f"import_{len(written)}.csv"
                file = files.enter_context(written[key].open("w", encoding="utf-8", newline=""))
                writers[key] = csv.DictWriter(file, list(line), lineterminator="\n")
                writers[key].writeheader()
            writers[key].writerow(line)
    return written


def _records(reader: LandingReader, hidden: frozenset[str]) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """Every landed row without Airbyte's own columns, and when it was extracted (UTC)."""
    for group in reader.row_groups:
        for landed in reader.batches_of(group):
            moments = lineage(landed)[0].to_pylist()
            rows = _visible(landed, hidden).to_pylist()
            yield from zip(moments, rows, strict=True)


def _visible(landed: LandedBatch, hidden: frozenset[str]) -> Any:
    return landed.batch.select([name for name in landed.batch.schema.names if name not in hidden])


def _as_text(value: Any) -> str:
    """JSON has no decimals and no times."""
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
