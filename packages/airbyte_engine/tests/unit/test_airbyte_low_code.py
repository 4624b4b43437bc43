"""A REST API to what lands, by Airbyte's own connector: rows that change between pages, numbers, names.

The connector takes seconds to start, so that one sync reads all streams that land, and one all that fail.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.unit.played_apis import (
    LINKS,
    NEEDS_CONNECTORS,
    NUMBERS,
    OFFSETS,
    PARAMETER,
    Answer,
    Api,
    Case,
    Rest,
)

from airbyte_engine.worker.protocol import WorkerError

pytestmark = NEEDS_CONNECTORS


def ids(rows: list[dict[str, Any]]) -> list[int]:
    return sorted(row["id"] for row in rows)


def listed(
    count: int, cap: int = 1000, total: bool = True, moved: Sequence[int] = (), gone: Sequence[int] = ()
) -> Api:
    """A listing of `count` rows in the order of their change; some move to its end, or go, before the second
    request.
    """
    keys = list(range(count))

    def answer(given: dict[str, str], number: int) -> Answer:
        if number == 1:
            keys[:] = [key for key in keys if key not in (*moved, *gone)] + list(moved)
        size = min(int(given["limit"]), cap)
        start = int(given.get("offset", 0)) or (int(given.get("page", 1)) - 1) * size
        rows = [{"id": key} for key in keys[start : start + size]]
        return {"data": rows} | ({"total": len(keys)} if total else {})

    return answer


def said(answer: Answer) -> Api:
    return lambda given, number: answer


COUNTED = {"offsets": OFFSETS, "numbers": NUMBERS}
CHANGES: dict[str, dict[str, Any]] = {
    "none": {}, "one moves": {"moved": [0]}, "two go": {"gone": [1, 3]},
    "the last moves, one goes": {"moved": [4], "gone": [2]}, "no total": {"moved": [0], "total": False},
    "pages are capped": {"cap": 2},
}  # fmt: skip


LISTED = {
    f"{paged}, {change}": Case(listed(12, **CHANGES[change]), paging)
    for paged, paging in COUNTED.items()
    for change in CHANGES
}
PARTS = ["a", "b", "c", "d"]
"""Of listings that have the same keys, and of which every page is capped."""


def partitioned(given: dict[str, str], number: int) -> Answer:
    found = listed(9, cap=2)(given, -1)
    assert isinstance(found, dict)
    return found | {"data": [row | {"part": given["part"]} for row in found["data"]]}


def keyset(given: dict[str, str], number: int) -> Answer:
    """Pages after a key, which are capped below what the manifest takes for a full one."""
    start = int(given.get("after", -1)) + 1
    return {"data": [{"id": key} for key in range(start, min(start + 2, 9))], "meta": {"total": 9}}


AFTER_KEY = {"type": "CursorPagination", "page_size": 5, "cursor_value": "{{ last_record['id'] }}"}
KEYSET = {"keyset": Case(keyset, AFTER_KEY | {"stop_condition": "{{ last_page_size < 5 }}"})}
PARTITIONED = {
    f"{paged} of parts": Case(
        partitioned,
        paging,
        {"id": {"type": "integer"}, "part": {"type": "string"}},
        key=["part", "id"],
        partitions=PARTS,
    )
    for paged, paging in COUNTED.items()
}
OVERALL = {"data": [{"id": 1}], "meta": {"total": 3}, "found": {"n": 1}}
TOTALS = {
    "means something else": Case(said(OVERALL), parameters={"total_field": "none"}),
    "is elsewhere": Case(said(OVERALL), parameters={"total_field": "found.n"}),
}


def links_back(given: dict[str, str], number: int) -> Answer:
    return {"data": [{"id": number}], "next": ["a", "b", "a"][number % 3]}


ROWS = [{"id": number} for number in range(5)]
FAILURES = {
    "unpaged": (Case(said({"data": ROWS, "meta": {"total": 6}})), "the API sent 5 of 6 records"),
    "empty": (Case(said({"data": [], "total": 3}), OFFSETS, key=[]), "there are 3 records, and 0 were read"),
    "offsets": (Case(said({"data": ROWS}), OFFSETS), "was read before: the API ignores the parameter"),
    "numbers": (Case(said({"data": ROWS}), NUMBERS), "was read before: the API ignores the parameter"),
    "links": (Case(links_back, LINKS), 'the pages repeat: "a" leads to a page that was read before'),
    "ended": (
        Case(said({"data": ROWS, "total": 6}), LINKS),
        "there are 6 records, and its pages end after 5",
    ),
}


KINDS = ("integer", "number", "string")
NUMBERS_WRITTEN: list[tuple[str, int | None, float | None, str]] = [
    ("1", 1, 1.0, "1"),
    ("-0", 0, 0.0, "0"),
    ("9007199254740993", 9007199254740993, None, "9007199254740993"),
    ("9223372036854775807", 2**63 - 1, None, "9223372036854775807"),
    ("9223372036854775808", None, 2.0**63, "9223372036854775808"),
    ("123456789012345678901234567890", None, None, "123456789012345678901234567890"),
    ("9" * 5000, None, None, "9" * 5000),
    ("0.5", None, 0.5, "0.5"),
    ("1e400", None, None, "1e400"),
    ("-1e-400", None, None, "-1e-400"),
    ("9007199254740993.0", None, None, "9007199254740993.0"),
    ("0.1234567890123456789", None, None, "0.1234567890123456789"),
    ("true", None, None, "true"),
]


NUMBERED = [
    f'{{"id": {at}, "integer": {text}, "number": {text}, "string": {text}, "object": {{"n": [{text}]}}}}'
    for at, (text, *_) in enumerate(NUMBERS_WRITTEN)
]
WIDTHS = Case(
    said(f'{{"data": [{", ".join(NUMBERED)}]}}'),
    fields={kind: {"type": [kind, "null"]} for kind in (*KINDS, "object")} | {"id": {"type": "integer"}},
)
ODD = {
    "a b": "a_b", "c/d": "c_d", 'e"f': "e_f", "g.h": "g_h", "gr\u00f6\u00dfe": "gro_e", "select": "select",
    "{{ x }}": "___x___", "2025": "_2025",
}  # fmt: skip
"""Names in an answer, and under which they land."""
ODD_NAMES = Case(
    said({"data": [{"id": 1, "other": json.loads("[" * 200 + "]" * 200)} | {name: name for name in ODD}]}),
    fields={"id": {"type": "integer"}} | {name: {"type": "string"} for name in ODD},
)


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Rest:
    """After a sync of everything that lands."""
    rest = Rest(tmp_path_factory.mktemp("landing"))
    rest.sync(LISTED | KEYSET | PARTITIONED | TOTALS | {"widths": WIDTHS, "odd / name": ODD_NAMES})
    return rest


def test_every_row_that_is_there_lands_once(synced: Rest) -> None:
    landed = {name: ids(synced.landed[name]) for name in LISTED}
    assert landed == {name: list(range(12)) for name in LISTED}


def test_a_capped_page_after_a_key_is_continued_though_the_manifest_takes_it_for_the_last(
    synced: Rest,
) -> None:
    assert ids(synced.landed["keyset"]) == list(range(9))


def test_partitions_that_are_read_at_the_same_time_do_not_mix(synced: Rest) -> None:
    for name in PARTITIONED:
        landed = [(row["part"], row["id"]) for row in synced.landed[name]]
        assert sorted(landed) == [(part, number) for part in PARTS for number in range(9)], name


def test_what_a_total_is_may_be_declared(synced: Rest) -> None:
    assert {name: ids(synced.landed[name]) for name in TOTALS} == {name: [1] for name in TOTALS}


def test_a_number_lands_as_it_is_or_is_null_with_the_reason(synced: Rest) -> None:
    rows = sorted(synced.landed["widths"], key=lambda row: row["id"])
    for row, (text, integer, number, string) in zip(rows, NUMBERS_WRITTEN, strict=True):
        assert (row["integer"], row["number"], row["string"]) == (integer, number, string), text
        exact = json.loads(row["object"], parse_float=str, parse_int=str)["n"][0]
        assert (exact if isinstance(exact, str) else json.dumps(exact)) == string
        told = {(one["field"], one["change"]) for one in row["_airbyte_meta"]["changes"]}
        unfit = {"integer": integer, "number": number}
        assert told == {(name, "NULLED") for name, value in unfit.items() if value is None}, text
    assert any(line.startswith("WARN widths: 9 values of integer are not") for line in synced.log)


def test_odd_names_land_as_airbyte_writes_them(synced: Rest) -> None:
    [row] = synced.landed["odd / name"]
    assert {row[landed]: landed for landed in ODD.values()} == ODD
    assert "WARN odd / name: fields that are not in the schema do not land: other" in synced.log


NOT_JSON = {
    '{"data": [{"id": NaN}]}': "NaN is not JSON",
    '{"data": [{"id": -Infinity}]}': "-Infinity is not JSON",
    '{"data": [{"id": 1, "id": 2}]}': "an object names id twice",
    '{"data": [{"id": 1}': "Expecting ',' delimiter",
    '{"data": [{"id": ' + "[" * 5000 + "]" * 5000 + "}]}": "objects and arrays are nested too deep",
    r'{"data": [{"id": 1, "a": "\ud800"}]}': r"\ud800 is half a surrogate pair",
}


NAMES = {
    "both": ({"id": 1, "ID": 2}, "the columns id and ID differ only in case"),
    "other": ({"Id": 1}, "the columns id and Id differ only in case"),
    "added": ({"id": 1, "_airbyte_raw_id": 2}, "the column _airbyte_raw_id has the name of one that Airbyte"),
    "none": ({"id": 1, " ": 2}, "a column has no name"),
}


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Rest:
    """After a sync of everything that fails."""
    rest = Rest(tmp_path_factory.mktemp("failing"))
    cases = {name: case for name, (case, _) in FAILURES.items()}
    cases |= {f"not json {number}": Case(said(answer)) for number, answer in enumerate(NOT_JSON)}
    cases |= {name: Case(said({"data": [{"id": 0}, record]})) for name, (record, _) in NAMES.items()}
    with pytest.raises(WorkerError):
        rest.sync(cases)
    return rest


def test_a_sync_that_fails_lands_nothing(failed: Rest) -> None:
    assert (failed.states, failed.landed) == ({}, {})


@pytest.mark.parametrize("name", FAILURES)
def test_records_that_do_not_come_fail_the_sync_by_name(failed: Rest, name: str) -> None:
    assert any(f"Stream {name}: " in line and FAILURES[name][1] in line for line in failed.errors())


@pytest.mark.parametrize("named", NOT_JSON.values())
def test_answers_that_are_not_json_fail_the_sync(failed: Rest, named: str) -> None:
    start = f"ERROR The API answered with something that is not JSON: {named}"
    assert any(line.startswith(start) for line in failed.errors())


@pytest.mark.parametrize("name", NAMES)
def test_fields_that_no_reader_could_tell_apart_are_refused_by_name(failed: Rest, name: str) -> None:
    start = f"ERROR Stream {name} cannot land: {NAMES[name][1]}"
    assert any(line.startswith(start) for line in failed.errors())


@pytest.mark.parametrize(
    ("fields", "named"),
    [(("id", "ID"), "the columns id and ID differ only in case"), ((), "the manifest declares no schema")],
)
def test_a_schema_under_which_no_record_can_land_is_refused(
    tmp_path: Path, fields: tuple[str, ...], named: str
) -> None:
    case = Case(said({"data": []}), fields={name: {"type": "integer"} for name in fields})
    with pytest.raises(WorkerError, match=named) as refused:
        Rest(tmp_path).sync({"things": case})
    assert refused.value.failure_type == "config_error"


CURSOR = {
    "type": "DatetimeBasedCursor",
    "cursor_field": "at",
    "datetime_format": "%Y-%m-%dT%H:%M:%S",
    "start_datetime": "2020-01-01T00:00:00",
    "lookback_window": "PT1H",
    "start_time_option": PARAMETER | {"field_name": "since"},
}


def test_late_rows_land_and_a_far_cursor_hides_no_later_one(tmp_path: Path) -> None:
    """A lookback window sends rows again: those that are known are left out."""
    rest = Rest(tmp_path)
    rows = [{"id": 1, "at": "2025-01-01T10:00:00"}, {"id": 2, "at": "9999-12-31T00:00:00"}]
    since = []

    def changed(given: dict[str, str], number: int) -> Answer:
        since.append(given["since"])
        return {"data": [row for row in rows if row["at"] >= given["since"]]}

    fields = {"id": {"type": "integer"}, "at": {"type": "string"}}
    cases = {"things": Case(changed, fields=fields, cursor=CURSOR)}
    assert ids(rest.sync(cases)["things"]) == [1, 2]
    rows += [{"id": 3, "at": "2025-01-01T09:30:00"}, {"id": 4, "at": "2025-01-01T11:00:00"}]
    assert ids(rest.sync(cases)["things"]) == [3, 4]
    assert since == ["2020-01-01T00:00:00", "2025-01-01T09:00:00"]
    assert any("at is in the future in 1 records" in line for line in rest.log)
