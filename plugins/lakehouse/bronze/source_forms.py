"""The documented forms in which API responses and CSV imports are kept beside their Parquet partition.

`bronze/api/rest_<stream>/timestamp=20251016_120000/response.json` holds the records that one sync brought,
`bronze/files/csv_import/<batch>.csv` the lines of one file that was dropped. Both are made from the landing
objects of a date, so that a replay writes the same bytes; both hold every landed row, bad ones too.

A file that is dropped again with corrections keeps its key. Then the newest of its versions is kept,
whichever dates brought them and in whatever order the dates are loaded or replayed.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any, Final, TextIO

from lakehouse.bronze.contract import Contract, SourceForm
from lakehouse.bronze.python_rows import python_rows
from lakehouse.landing.columns import AIRBYTE_COLUMNS
from lakehouse.landing.reader import LandedBatch, LandingReader, lineage
from lakehouse.platform.lake_layout import api_response_key, csv_import_key
from lakehouse.platform.storage import LakeStorage

FILE_URL: Final = "_ab_source_file_url"
FILE_CHANGED: Final = "_ab_source_file_last_modified"
"""Airbyte's file source adds the file each record came from, and when that file was changed."""
_FILE_COLUMNS: Final = frozenset({FILE_URL, FILE_CHANGED})
_VERSION: Final = "source-version"
UPLOADS_AT_ONCE: Final = 8
"""A first night publishes every file there is, and most of each PUT is waiting for the store's disk. boto3
keeps ten connections per client, which threads may share."""


@dataclass(frozen=True)
class WrittenForm:
    """A local file to be published; `version` orders what dates publish under one key ("": only one does)."""

    path: Path
    version: str = ""


def write_source_form(contract: Contract, reader: LandingReader, folder: Path) -> dict[str, WrittenForm]:
    """Write the stream's documented form into local files, by the key each is published under.

    Nothing for a stream whose contract names no form.
    """
    if contract.source_form is SourceForm.API_RESPONSE:
        return _api_responses(contract, reader, folder)
    if contract.source_form is SourceForm.CSV_IMPORT:
        return _csv_imports(contract, reader, folder)
    return {}


def publish_source_forms(
    forms: Mapping[str, WrittenForm], business_date: date, storage: LakeStorage
) -> list[str]:
    """Publish what a date wrote, but for what the lake holds in a newer version; the published keys.

    Of one version that landed for two dates, the later date's copy stays.
    """
    versioned = any(form.version for form in forms.values())
    held = {each.key for each in storage.objects(csv_import_key(""))} if versioned else set()

    def publish(key: str) -> bool:
        form = forms[key]
        metadata = {_VERSION: f"{form.version} {business_date}"} if form.version else {}
        if key in held and metadata[_VERSION] < (storage.metadata(key) or {}).get(_VERSION, ""):
            return False
        storage.upload(form.path, key, metadata)
        return True

    uploads = ThreadPoolExecutor(UPLOADS_AT_ONCE, thread_name_prefix="source-form")
    try:
        return [key for key, done in zip(forms, uploads.map(publish, forms), strict=True) if done]
    finally:
        # After the first error nothing more is started; what has been is waited for.
        uploads.shutdown(cancel_futures=True)


def _api_responses(contract: Contract, reader: LandingReader, folder: Path) -> dict[str, WrittenForm]:
    """One JSON document per sync: `{"data": [record, ...], "total": n}`, as the API pages them."""
    written: dict[str, WrittenForm] = {}
    counts: dict[str, int] = {}
    with ExitStack() as files:
        opened: dict[str, TextIO] = {}
        for moment, record in _records(reader, AIRBYTE_COLUMNS):
            key = api_response_key(contract.stream, moment)
            if key not in opened:
                written[key] = WrittenForm(folder / f"response_{len(written)}.json")
                opened[key] = files.enter_context(written[key].path.open("w", encoding="utf-8"))
                opened[key].write('{"data": [\n')
                counts[key] = 0
            opened[key].write(",\n" if counts[key] else "")
            opened[key].write(json.dumps(record, default=_as_text, ensure_ascii=False))
            counts[key] += 1
        for key, file in opened.items():
            file.write(f'\n], "total": {counts[key]}}}\n')
    return written


def _csv_imports(contract: Contract, reader: LandingReader, folder: Path) -> dict[str, WrittenForm]:
    """One CSV file per file that was dropped, with its name and its columns: its newest version."""
    imports = _CsvImports(folder)
    try:
        for moment, record in _records(reader, AIRBYTE_COLUMNS):
            url = str(record.get(FILE_URL) or f"{contract.stream}_{moment:%Y%m%d_%H%M%S}.csv")
            changed = str(record.get(FILE_CHANGED) or moment.isoformat())
            line = {name: value for name, value in record.items() if name not in _FILE_COLUMNS}
            imports.add(csv_import_key(url.rsplit("/", 1)[-1]), (changed, url), line)
    finally:
        imports.close()
    return imports.written()


class _CsvImports:
    """CSV files that grow one after the other: years of daily drops are more than may be open at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._versions: dict[str, tuple[str, str]] = {}
        self._columns: dict[str, list[str]] = {}
        self._paths: dict[str, Path] = {}
        self._key = ""
        self._file: IO[str] | None = None

    def add(self, key: str, version: tuple[str, str], line: dict[str, Any]) -> None:
        """A line of a version of a file; one of an older version than is there already is left out."""
        held = self._versions.get(key)
        if held is not None and version < held:
            return
        if version != held:
            self._begin(key, version, list(line))
        elif key != self._key:
            self._open(key, "a")
        self._writer.writerow(line)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def written(self) -> dict[str, WrittenForm]:
        return {key: WrittenForm(path, self._versions[key][0]) for key, path in self._paths.items()}

    def _begin(self, key: str, version: tuple[str, str], columns: list[str]) -> None:
        self._paths.setdefault(key, self._folder / f"import_{len(self._paths)}.csv")
        self._versions[key], self._columns[key] = version, columns
        self._open(key, "w")
        self._writer.writeheader()

    def _open(self, key: str, mode: str) -> None:
        self.close()
        self._key = key
        self._file = file = self._paths[key].open(mode, encoding="utf-8", newline="")
        self._writer = csv.DictWriter(file, self._columns[key], lineterminator="\n")


def _records(reader: LandingReader, hidden: frozenset[str]) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """Every landed row without Airbyte's own columns, and when it was extracted (UTC)."""
    for group in reader.row_groups:
        for landed in reader.batches_of(group):
            moments = lineage(landed)[0].to_pylist()
            rows = python_rows(_visible(landed, hidden))
            yield from zip(moments, rows, strict=True)


def _visible(landed: LandedBatch, hidden: frozenset[str]) -> Any:
    return landed.batch.select([name for name in landed.batch.schema.names if name not in hidden])


def _as_text(value: Any) -> str:
    """JSON has no decimals and no times."""
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
