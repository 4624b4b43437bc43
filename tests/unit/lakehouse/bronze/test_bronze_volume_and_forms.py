"""Few rows that are right or wrong; columns that are new; API responses and CSV imports."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from lakehouse.bronze.contract import Contract
from lakehouse.bronze.expected_volume import VolumeBelowExpectedError, explain_volume
from lakehouse.bronze.new_columns import NewColumnsRefusedError, admit_new_columns
from lakehouse.bronze.partition_builder import build_partition
from lakehouse.bronze.source_forms import write_source_form
from lakehouse.bronze.unloaded_claims import UnloadedClaim, of_other_dates, tell
from lakehouse.landing.reader import LandingReader
from testing.lakehouse.landing_files import land
from tests.unit.lakehouse.bronze.test_bronze_row_order import FIELDS, contract, rows, thing

DAY, LATER = date(2025, 10, 16), date(2025, 10, 20)


class Ledger:
    """Answers which later date was synced first."""

    def __init__(self, later: date | None) -> None:
        self.later = later

    def synced_before(self, source: str, business_date: date) -> date | None:
        return self.later


def unloaded(day: date, rows: int, stream: str = "things", rejected: bool = False) -> UnloadedClaim:
    return UnloadedClaim("postgres", stream, day, datetime(2025, 10, 21, 14, tzinfo=UTC), rows, rejected)


def volume(
    landed: int,
    min_rows: int,
    later: date | None = None,
    zero_rows: str = "allow",
    not_loaded: Sequence[UnloadedClaim] = (),
    list_is_empty: bool = False,
) -> str | None:
    asked = contract(expected_volume={"min_rows": min_rows, "zero_rows": zero_rows})
    ledger: Any = Ledger(later)
    return explain_volume(asked, ledger, not_loaded, DAY, landed, list_is_empty)


def test_enough_rows_need_no_explanation() -> None:
    assert volume(5, 5) is None
    assert volume(1, 0) is None


def test_a_scheduled_date_below_its_expected_volume_fails_and_says_what_to_do() -> None:
    with pytest.raises(VolumeBelowExpectedError, match=r"4 rows landed.*at least 5.*force_sync") as raised:
        volume(4, 5)
    assert "things.yaml" in str(raised.value)


def test_a_backfilled_date_whose_changes_came_with_a_later_sync_says_so() -> None:
    assert volume(0, 5, LATER) == "its changes arrived with the sync of 2025-10-20"
    assert volume(3, 5, LATER) == "its changes arrived with the sync of 2025-10-20"


def test_a_stream_whose_every_sync_brings_all_rows_is_never_empty() -> None:
    with pytest.raises(VolumeBelowExpectedError, match="each sync of postgres must bring some"):
        volume(0, 1, LATER, "refuse")


@pytest.mark.parametrize("list_is_empty", [False, True])
def test_refused_means_never_empty_whatever_the_least_number_is(list_is_empty: bool) -> None:
    with pytest.raises(VolumeBelowExpectedError, match=r"at least 1.*the contract: zero_rows: allow"):
        volume(0, 0, None, "refuse", list_is_empty=list_is_empty)


@pytest.mark.parametrize("least", [0, 1])
def test_rows_of_an_earlier_sync_of_the_date_do_not_excuse_a_list_that_is_empty_since(least: int) -> None:
    """A date synced again found an empty list: its first sync's rows counted, and what may never be empty was
    emptied in gold."""
    with pytest.raises(VolumeBelowExpectedError, match=r"the last sync brought 0 rows.*zero_rows: allow"):
        volume(2, least, zero_rows="refuse", list_is_empty=True)
    assert volume(2, 0, list_is_empty=True) == "the list is empty at the source"


@pytest.mark.parametrize("other", [None, LATER])
def test_a_list_without_rows_says_that_it_is_empty(other: date | None) -> None:
    assert volume(0, 0, other, list_is_empty=True) == "the list is empty at the source"


def test_a_stream_that_may_be_empty_says_that_it_is() -> None:
    assert volume(0, 0) == "no changes"


MISTYPED = date(2015, 10, 16)


def test_a_stream_without_changes_may_have_lost_them_to_another_date() -> None:
    assert volume(0, 0, MISTYPED) == "no changes, or they arrived with the sync of 2015-10-16"


def test_the_reason_is_the_same_before_and_after_the_other_date_was_loaded() -> None:
    """It is published with the partition, whose bytes do not depend on when it is loaded."""
    for landed, least in ((0, 5), (0, 0)):
        before = volume(landed, least, MISTYPED, not_loaded=[unloaded(MISTYPED, 502)])
        assert before == volume(landed, least, MISTYPED)


def test_a_date_that_falls_short_is_not_excused_by_rows_that_were_never_loaded() -> None:
    with pytest.raises(VolumeBelowExpectedError, match=r"4 rows landed.*bin/bronze give-back 2015-10-16"):
        volume(4, 5, not_loaded=[unloaded(MISTYPED, 1)])


def test_other_streams_and_the_date_itself_are_told_elsewhere() -> None:
    claims = [unloaded(MISTYPED, 2, "others"), unloaded(DAY, 3), unloaded(MISTYPED, 5)]
    assert of_other_dates(claims, "postgres", "things", DAY) == [unloaded(MISTYPED, 5)]


def test_what_is_not_loaded_is_told_date_by_date() -> None:
    claims = [unloaded(MISTYPED, 1500), unloaded(MISTYPED, 2, "others"), unloaded(DAY, 7, rejected=True)]
    first, second = tell(claims)
    assert first.startswith("1,502 rows (1,500 of postgres.things, 2 of postgres.others) claimed for 2015")
    assert second == (
        "7 rows (7 of postgres.things) claimed for 2025-10-16 were refused by their contract "
        "(docs/runbooks/quarantine.md)"
    )


class Columns:
    """Remembers the types of new columns."""

    def __init__(self, **known: pa.DataType) -> None:
        self._known = known

    def known(self, source: str, stream: str) -> dict[str, pa.DataType]:
        return self._known


def admitted(
    folder: Path, policy: str, kind: pa.DataType, value: Any, **known: pa.DataType
) -> tuple[Contract, list[str], LandingReader]:
    file = land(folder, "a", [thing(1, colour=value)], [*FIELDS, pa.field("colour", kind)])
    reader, ledger = LandingReader([file]), Columns(**known)
    asked: Any = ledger
    return (*admit_new_columns(contract(new_columns=policy), reader, DAY, asked), reader)


@pytest.mark.parametrize(
    ("kind", "value", "bronze_kind"),
    [
        (pa.string(), "red", pa.string()),
        (pa.int64(), 7, pa.int64()),
        (pa.decimal128(9, 3), None, pa.decimal128(9, 3)),
        (pa.timestamp("us", "Europe/Paris"), datetime(2025, 1, 1), pa.timestamp("us")),
    ],
)
def test_an_allowed_new_column_enters_bronze_with_its_type(
    tmp_path: Path, kind: pa.DataType, value: Any, bronze_kind: pa.DataType
) -> None:
    extended, names, reader = admitted(tmp_path, "allow", kind, value)
    assert (names, extended.schema.field("colour").type) == (["colour"], bronze_kind)
    [row] = rows(build_partition(extended, reader, tmp_path))
    assert row["colour"] == value


def test_a_new_column_keeps_the_type_it_came_with_first(tmp_path: Path) -> None:
    extended, _, reader = admitted(tmp_path, "allow", pa.string(), "no number", colour=pa.int64())
    built = build_partition(extended, reader, tmp_path)
    assert (built.rows_loaded, built.reasons) == (0, {"colour": 1})


def test_an_ignored_new_column_is_named_and_a_refused_one_fails(tmp_path: Path) -> None:
    kept, names, _ = admitted(tmp_path, "ignore", pa.string(), "red")
    assert (names, "colour" in kept.schema.names) == (["colour"], False)
    with pytest.raises(NewColumnsRefusedError, match=r"new columns \(colour\).*things.yaml"):
        admitted(tmp_path, "refuse", pa.string(), "red")


def test_an_api_s_records_are_kept_as_one_json_document_per_sync(tmp_path: Path) -> None:
    first, second = datetime(2025, 10, 16, 12), datetime(2025, 10, 16, 12, 15)
    files = [
        land(tmp_path, "a", [thing(1, "\U0001f642"), thing(2, amount=1)], FIELDS, 1, first),
        land(tmp_path, "b", [thing(3)], FIELDS, 2, second),
    ]
    written = write_source_form(contract(also_as="api_response"), LandingReader(files), tmp_path)
    assert list(written) == [
        "bronze/api/rest_things/timestamp=20251016_120000/response.json",
        "bronze/api/rest_things/timestamp=20251016_121500/response.json",
    ]
    documents = [json.loads(form.path.read_text()) for form in written.values()]
    assert [document["total"] for document in documents] == [2, 1]
    assert documents[0]["data"][0] == {
        "id": 1,
        "name": "\U0001f642",
        "amount": None,
        "updated_at": "2025-10-16T12:00:00",
    }
    assert documents[0]["data"][1]["amount"] == "1.00"


def test_a_dropped_csv_file_is_kept_under_its_name_with_its_columns(tmp_path: Path) -> None:
    fields = [*FIELDS[:2], pa.field("_ab_source_file_url", pa.string())]
    landed = [
        {"id": number, "name": name, "_ab_source_file_url": f"inbox/batch_{batch}.csv"}
        for number, name, batch in ((1, 'a "quoted", one', "001"), (2, "b", "001"), (3, None, "002"))
    ]
    files = [land(tmp_path, "a", landed, fields)]
    written = write_source_form(contract(also_as="csv_import"), LandingReader(files), tmp_path)
    assert list(written) == [
        "bronze/files/csv_import/batch_001.csv",
        "bronze/files/csv_import/batch_002.csv",
    ]
    with written["bronze/files/csv_import/batch_001.csv"].path.open(newline="") as file:
        assert list(csv.reader(file)) == [["id", "name"], ["1", 'a "quoted", one'], ["2", "b"]]


def test_a_stream_without_a_form_writes_none(tmp_path: Path) -> None:
    reader = LandingReader([land(tmp_path, "a", [thing(1)], FIELDS)])
    assert write_source_form(contract(), reader, tmp_path) == {}
