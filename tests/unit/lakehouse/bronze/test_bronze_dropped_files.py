"""A CSV file that is dropped again keeps its name in the lake: which version of it does the lake hold?"""

from __future__ import annotations

import itertools
import resource
import threading
from datetime import date, datetime
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pytest

from lakehouse.bronze.source_forms import (
    FILE_CHANGED,
    FILE_URL,
    UPLOADS_AT_ONCE,
    WrittenForm,
    publish_source_forms,
    write_source_form,
)
from lakehouse.landing.reader import LandingReader
from lakehouse.platform.lake_layout import csv_import_key
from lakehouse.platform.storage import LakeObject, LakeStorage, StorageUnavailableError
from testing.lakehouse.landing_files import land
from tests.unit.lakehouse.bronze.test_bronze_row_order import FIELDS, contract


def dropped(name: str, changed: str, *ids: int) -> list[dict[str, Any]]:
    """The rows of one version of a dropped file."""
    return [
        {"id": each, "_ab_source_file_url": name, "_ab_source_file_last_modified": changed} for each in ids
    ]


DROPPED = [FIELDS[0], *(pa.field(name, pa.string()) for name in (FILE_URL, FILE_CHANGED))]


def test_of_a_file_dropped_twice_the_newest_version_is_kept_however_its_rows_lie(tmp_path: Path) -> None:
    rows = [
        *dropped("a.csv", "2025-10-16T01:00", 1, 2),
        *dropped("b.csv", "2025-10-16T01:00", 3),
        *dropped("a.csv", "2025-10-16T02:00", 4),
        *dropped("b.csv", "2025-10-15T23:00", 5),
        *dropped("a.csv", "2025-10-16T02:00", 6),
    ]
    reader = LandingReader([land(tmp_path, "landed", rows, DROPPED)])
    written = write_source_form(contract(also_as="csv_import"), reader, tmp_path)
    texts = {key.rsplit("/", 1)[-1]: form.path.read_text() for key, form in written.items()}
    assert texts == {"a.csv": "id\n4\n6\n", "b.csv": "id\n3\n"}
    assert {form.version for form in written.values()} == {"2025-10-16T02:00", "2025-10-16T01:00"}


def test_years_of_daily_drops_are_written_with_few_files_open(tmp_path: Path) -> None:
    """The first night brings every file there is: 1,100 open ones were more than a process may have."""
    rows = [row for day in range(400) for row in dropped(f"batch_{day}.csv", "2025", day, day)]
    reader = LandingReader([land(tmp_path, "landed", rows, DROPPED)])
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(list(Path("/proc/self/fd").iterdir())) + 30, before[1]))
    try:
        written = write_source_form(contract(also_as="csv_import"), reader, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert len(written) == 400
    assert written["bronze/files/csv_import/batch_7.csv"].path.read_text() == "id\n7\n7\n"


class Bucket:
    """As much of a lake as publishing needs."""

    def __init__(self) -> None:
        self.held: dict[str, tuple[str, dict[str, str]]] = {}

    def objects(self, prefix: str) -> list[LakeObject]:
        return [LakeObject(key, 1, datetime(2025, 10, 17)) for key in self.held if key.startswith(prefix)]

    def upload(self, path: Path, key: str, metadata: dict[str, str]) -> None:
        self.held[key] = (path.read_text(), metadata)

    def metadata(self, key: str) -> dict[str, str] | None:
        return self.held[key][1]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_lake_ends_with_the_same_version_in_whatever_order_dates_publish(
    order: tuple[int, ...], tmp_path: Path
) -> None:
    lake, forms = Bucket(), []
    for number, version in enumerate(("2025-10-14T09:00", "2025-10-16T09:00", "2025-10-16T09:00")):
        path = tmp_path / str(number)
        path.write_text(f"as landed for date {number}")
        forms.append({csv_import_key("a.csv"): WrittenForm(path, version)})
    for number in (*order, *order):
        publish_source_forms(forms[number], date(2025, 10, 14 + number), cast(LakeStorage, lake))
    assert [text for text, _ in lake.held.values()] == ["as landed for date 2"]


def drops(folder: Path, number: int) -> dict[str, WrittenForm]:
    """Files of one version each, as a first night brings them."""
    forms = {}
    for day in range(number):
        path = folder / f"import_{day}.csv"
        path.write_text(f"line of day {day}")
        forms[csv_import_key(f"batch_{day}.csv")] = WrittenForm(path, "2025-10-16T01:00")
    return forms


def test_files_are_put_side_by_side_and_named_in_their_order(tmp_path: Path) -> None:
    """Of a first night's 365 files, put one after the other, each waited for the store's disk by itself."""

    class Meeting(Bucket):
        together = threading.Barrier(UPLOADS_AT_ONCE)

        def upload(self, path: Path, key: str, metadata: dict[str, str]) -> None:
            self.together.wait(timeout=60)
            super().upload(path, key, metadata)

    lake, forms = Meeting(), drops(tmp_path, 3 * UPLOADS_AT_ONCE)
    assert publish_source_forms(forms, date(2025, 10, 16), cast(LakeStorage, lake)) == list(forms)
    assert {key: text for key, (text, _) in lake.held.items()} == {
        key: form.path.read_text() for key, form in forms.items()
    }


def test_a_file_that_cannot_be_put_fails_the_load_and_no_upload_outlives_it(tmp_path: Path) -> None:
    class Failing(Bucket):
        def upload(self, path: Path, key: str, metadata: dict[str, str]) -> None:
            if key.endswith("batch_5.csv"):
                raise StorageUnavailableError("the disk is full")
            super().upload(path, key, metadata)

    before = set(threading.enumerate())
    with pytest.raises(StorageUnavailableError, match="the disk is full"):
        publish_source_forms(drops(tmp_path, 40), date(2025, 10, 16), cast(LakeStorage, Failing()))
    assert set(threading.enumerate()) <= before
