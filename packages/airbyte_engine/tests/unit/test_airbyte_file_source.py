"""Files of a folder to what lands, without a store: one bad file among many, and files that were replaced."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from airbyte_engine.connectors.files import FilesConnector
from airbyte_engine.problems import Problem
from airbyte_engine.worker.files.configuration import start_of
from airbyte_engine.worker.files.history import LONGEST, History
from airbyte_engine.worker.files.places import RemoteFile, place_of
from airbyte_engine.worker.files.source import FileSource
from airbyte_engine.worker.landing import Stored
from airbyte_engine.worker.protocol import Order, Outbox, Stream, WorkerError

CSV, JSON_LINES = {"filetype": "csv"}, {"filetype": "jsonl"}
URL = "_ab_source_file_url"


@dataclass
class Kept:
    """What a source hands to the landing."""

    started: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))
    rows: list[dict[str, Any]] = field(default_factory=list)

    def store(self, stream: str, files: Sequence[Path]) -> Stored:
        rows = [row for file in files for row in pq.read_table(file).to_pylist()]
        self.rows += [{name: row[name] for name in row if not name.startswith("_airbyte")} for row in rows]
        return Stored([], 1, len(rows))


@dataclass
class Drops:
    """A folder of files, and syncs that read it one after the other."""

    folder: Path
    scratch: Path
    form: dict[str, Any]
    globs: list[str] = field(default_factory=lambda: ["**"])
    settings: dict[str, Any] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    def drop(self, name: str | bytes, content: str | bytes) -> Path:
        file = self.folder / os.fsdecode(name)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def sync(self) -> list[dict[str, Any]]:
        """What landed. What is committed stays so when the sync then fails."""
        kept, messages = Kept(), io.StringIO()
        order = Order(
            connector="files", job_id=7, attempt=1, source=self.source, manifest=None, destination={},
            streams=[Stream("spend", True, None, [], self.state)], shared_state={}, orphans=[], namespace="",
            prefix="", generation_id=1, scratch=str(self.scratch), catalogs="", connectors_bin="", threads=1,
            memory_mb=1,
        )  # fmt: skip
        try:
            FileSource(order, Outbox(messages), kept).read()  # type: ignore[arg-type]
        finally:
            told = [json.loads(line) for line in messages.getvalue().splitlines()]
            self.log = [f"{one['level']} {one['message']}" for one in told if one["type"] == "LOG"]
            self.state = [one["state"] for one in told if one["type"] == "STATE"][-1]
            self.landed = kept.rows
        return kept.rows

    @property
    def source(self) -> dict[str, Any]:
        declared = {"name": "spend", "globs": self.globs, "format": self.form} | self.settings
        return {"bucket": f"file://{self.folder}", "streams": [declared]}

    def names(self) -> set[str]:
        return {row[URL] for row in self.landed}


@pytest.fixture
def drops(tmp_path: Path) -> Drops:
    (tmp_path / "drops").mkdir()
    (tmp_path / "scratch").mkdir()
    return Drops(tmp_path / "drops", tmp_path / "scratch", CSV)


def test_parquet_files_land_with_their_types_and_a_broken_one_is_left_out(drops: Drops) -> None:
    drops.form = {"filetype": "parquet"}
    day = dt.date(2025, 10, 16)
    for name, number in (("a.parquet", 1), ("c.parquet", 2)):
        pq.write_table(pa.table({"id": [number], "day": [day], "tags": [["x", "y"]]}), drops.folder / name)
    drops.drop("b.parquet", "id\n1\n")
    with pytest.raises(WorkerError, match=r"b\.parquet, it is not Parquet"):
        drops.sync()
    assert [(row["id"], row["day"], row["tags"], row[URL]) for row in drops.landed] == [
        (1, day, '["x", "y"]', "a.parquet"),
        (2, day, '["x", "y"]', "c.parquet"),
    ]


@pytest.mark.parametrize(
    ("name", "bad", "form", "named"),
    [
        ("b.csv", "id\n1\n".encode("utf-16-le"), CSV, "line 1: a NUL character"),
        ("b.csv", "id\n1\n".encode("utf-16-le"), CSV | {"encoding": "utf-16"}, "line 1: UTF-16 stream"),
        ("b.csv.gz", "id\n1\n", CSV, "line 1: the file is not gzip"),
        ("b.csv.gz", gzip.compress(b"id\n1\n")[:-4], CSV, "line 3: the gzip file is cut off"),
        ("b.csv", "id,_airbyte_raw_id\n1,2\n", CSV, "line 1: the header: the column _airbyte_raw_id"),
        ("b.csv", "id,,\n1,2,3\n", CSV, "line 1: columns 2 and 3 of the header have no name"),
        ("b.csv", "id,Id\n1,2\n", CSV, "line 1: the header: the columns id and Id differ only in case"),
        (b"caf\xe9.csv", "id\n1\n", CSV, "its name is not UTF-8"),
        ("b.jsonl", r'{"id": "\ud800"}', JSON_LINES, r"line 1: \ud800 is half"),
        ("b.jsonl", '{"id": ' + "[" * 5000 + "]" * 5000 + "}", JSON_LINES, "line 1: objects and arrays are"),
        ("b.jsonl", '{"id": 1}\n{"id": Infinity}', JSON_LINES, "line 2: Infinity is not JSON"),
    ],
)
def test_one_bad_file_is_named_and_the_others_land(
    drops: Drops, name: str | bytes, bad: str | bytes, form: dict[str, Any], named: str
) -> None:
    drops.form = form
    good = "id\n1\n" if form["filetype"] == "csv" else '{"id": 1}\n'
    good_bytes = good.encode(form.get("encoding", "utf8"))
    drops.drop("a", good_bytes)
    file = drops.drop(name, bad)
    drops.drop("c", good_bytes)
    with pytest.raises(WorkerError) as failed:
        drops.sync()
    shown = os.fsencode(name).decode(errors="backslashreplace")
    assert f"1 files could not be read and were left out as a whole: {shown}, {named}" in failed.value.message
    assert "the next sync reads them again" in failed.value.message
    assert failed.value.failure_type == "config_error"
    assert any(line.startswith(f"ERROR spend: {shown}, {named}") for line in drops.log)
    assert drops.names() == {"a", "c"} == set(drops.state["history"])
    assert json.dumps(drops.state).isascii()
    file.unlink()
    drops.drop("b", good_bytes)
    drops.sync()
    assert drops.names() == {"b"}


def test_what_nobody_foresaw_in_a_file_keeps_no_other_from_landing(
    drops: Drops, monkeypatch: pytest.MonkeyPatch
) -> None:
    def records(lines: Any, form: Any) -> Any:
        content = list(lines)
        if content == ["id\n", "2\n"]:
            raise ValueError("strange \ud800\0")
        return iter([{"id": "1"}])

    monkeypatch.setattr("airbyte_engine.worker.files.source.records", records)
    for name, content in (("a", "id\n1\n"), ("b", "id\n2\n"), ("c", "id\n3\n")):
        drops.drop(name, content)
    with pytest.raises(WorkerError, match=r"b, its records cannot be stored: strange \\ud800\\0\."):
        drops.sync()
    assert drops.names() == {"a", "c"}


def test_a_failure_lists_fifty_files_and_the_log_all(drops: Drops) -> None:
    for number in range(60):
        drops.drop(f"{number:02}", "")
    with pytest.raises(WorkerError, match=r"^60 files .*; 49, .*; and others, which the log names\. Repair"):
        drops.sync()
    assert len([line for line in drops.log if line.startswith("ERROR")]) == 60


def test_a_pattern_that_matches_nothing_is_said(drops: Drops) -> None:
    drops.globs = ["batch_[0-9]*.csv", "{x,y}*.csv"]
    drops.drop("batch_1.csv", "id\n1\n")
    drops.drop("batch_a.csv", "id\n1\n")
    drops.sync()
    assert drops.names() == {"batch_1.csv"}
    warned = [line for line in drops.log if line.startswith("WARN")]
    assert warned == [f"WARN spend: no file in file://{drops.folder} matches {{x,y}}*.csv"]


@pytest.mark.parametrize("content", ["id\n2\n", "id\n20\n"], ids=["same-size", "other-size"])
def test_a_correction_with_an_older_time_is_read_and_is_the_newest(drops: Drops, content: str) -> None:
    """As `cp -p` and `rsync -t` bring it: bronze and staging would have kept the line that it corrects."""
    drops.drop("a", "id\n1\n")
    (before,) = drops.sync()
    corrected = drops.drop("partial", content)
    os.utime(corrected, (1_000_000_000, 1_000_000_000))
    corrected.replace(drops.folder / "a")
    (after,) = drops.sync()
    assert after["id"] == content.split()[1]
    assert after["_ab_source_file_last_modified"] > before["_ab_source_file_last_modified"]
    assert drops.sync() == []
    corrected = drops.drop("a", "id\n3\n")
    os.utime(corrected, (1_000_000_001, 1_000_000_001))
    (last,) = drops.sync()
    assert last["_ab_source_file_last_modified"] > after["_ab_source_file_last_modified"]


def test_permissions_are_no_new_version(drops: Drops) -> None:
    file = drops.drop("a", "id\n1\n")
    drops.sync()
    file.chmod(0o600)
    assert drops.sync() == []


MOMENT = dt.datetime(2025, 10, 16, 12, tzinfo=dt.UTC)
OLDER, NOW = MOMENT - dt.timedelta(days=1), MOMENT + dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("moment", "version", "said"),
    [
        (MOMENT, "v2", "2025-10-17T12:00:00.000000Z"),
        (OLDER, "v2", "2025-10-17T12:00:00.000000Z"),
        (MOMENT + dt.timedelta(hours=1), "v2", "2025-10-16T13:00:00.000000Z"),
    ],
    ids=["within-the-moment", "older", "newer"],
)
def test_another_version_is_read_and_is_newer_than_the_one_it_replaces(
    moment: dt.datetime, version: str, said: str
) -> None:
    history = History(None)
    first = RemoteFile("a", MOMENT, "v1")
    assert history.moment_of(first, NOW) == "2025-10-16T12:00:00.000000Z"
    history.add(first, history.moment_of(first, NOW))
    again = History(json.loads(json.dumps(history.state())))
    assert not again.lacks(first)
    replaced = RemoteFile("a", moment, version)
    assert again.lacks(replaced)
    assert again.moment_of(replaced, NOW) == said
    again.add(replaced, said)
    assert not again.lacks(replaced)
    assert again.state()["_ab_source_file_last_modified"] == f"{said}_a"


def test_a_file_from_the_future_is_replaced_by_a_newer_one() -> None:
    history = History(None)
    history.add(RemoteFile("a", NOW, "v1"), history.moment_of(RemoteFile("a", NOW, "v1"), MOMENT))
    replaced = RemoteFile("a", MOMENT, "v2")
    assert history.moment_of(replaced, MOMENT) == "2025-10-17T12:00:00.000001Z"


def test_an_old_file_under_a_new_name_keeps_its_time() -> None:
    history = History({"history": {"a": "2025-10-16T12:00:00.000000Z"}})
    old = RemoteFile("b", OLDER, "v1")
    assert history.lacks(old)
    assert history.moment_of(old, NOW) == "2025-10-15T12:00:00.000000Z"


def test_a_state_that_airbyte_left_learns_the_versions() -> None:
    history = History({"history": {"a": "2025-10-16T12:00:00.000000Z"}})
    assert history.lacks(RemoteFile("a", OLDER, "v1"))
    assert history.unread([RemoteFile("a", MOMENT, "v1")]) == []
    assert History(history.state()).lacks(RemoteFile("a", MOMENT, "v2"))


def test_a_time_that_python_does_not_know_keeps_no_file_from_landing(drops: Drops) -> None:
    for name, moment in (("a", -(10**9)), ("b", 10**10)):
        os.utime(drops.drop(name, "id\n1\n"), (moment, moment))
    assert len(drops.sync()) == 2
    assert drops.sync() == []


def test_a_file_of_a_full_history_is_read_again_when_it_was_replaced() -> None:
    history = History(None)
    for number in range(LONGEST + 1):
        file = RemoteFile(f"{number:05}", MOMENT + dt.timedelta(seconds=number), "v1")
        history.add(file, history.moment_of(file, NOW))
    state = history.state()
    assert len(state["history"]) == len(state["versions"]) == LONGEST
    assert state["_ab_source_file_last_modified"] == "2025-10-16T14:46:40.000000Z_10000"
    full = History(state)
    assert full.lacks(RemoteFile("00001", OLDER, "v2"))
    assert not full.lacks(RemoteFile("00000", MOMENT, "v1")), "forgotten, and not new"
    assert full.lacks(RemoteFile("new", NOW, "v1"))


@pytest.mark.parametrize(
    ("start", "read"),
    [
        ("2025-10-16", True),
        ("2025-10-16T12:00:00Z", True),
        ("2025-10-16T14:00:00+02:00", True),
        ("2025-10-16T12:00:01Z", False),
        ("2025-10-17", False),
    ],
)
def test_files_from_before_the_start_date_are_not_read(start: str, read: bool) -> None:
    file = RemoteFile("a", dt.datetime(2025, 10, 16, 12, tzinfo=dt.UTC), "v1")
    assert History(None, start_of({"start_date": start})).lacks(file) == read


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"globs": "*.csv"}, "globs is a list of patterns, not '*.csv'"),
        ({"globs": ["*.csv", ""]}, "'' in globs is not a pattern"),
        ({"globs": ["[[:vowel:]]*"]}, "unknown class"),
        ({"globs": ["{a,b}" * 12]}, "more than 1000 alternatives"),
        ({"format": CSV | {"encoding": "utf-99"}}, "encoding 'utf-99' is not one that Python knows"),
        ({"format": CSV | {"encoding": "undefined"}}, "encoding 'undefined' is not"),
        ({"input_schema": {"id": "integer"}}, "input_schema is not JSON"),
        (
            {"format": CSV | {"header_definition": {"header_definition_type": "None"}}},
            "header_definition 'None' is none of From CSV",
        ),
        ({"format": CSV | {"encoding": "base64"}}, "encoding 'base64' is not one that Python knows"),
        ({"format": CSV | {"delimiter": "||"}}, "this CSV format cannot be read"),
        ({"format": CSV | {"skip_rows_before_header": "two"}}, "skip_rows_before_header is a number"),
        ({"input_schema": '{"Id": "integer", "id": "integer"}'}, "differ only in case"),
        ({"input_schema": '{"_airbyte_meta": "object"}'}, "one that Airbyte adds"),
        ({"input_schema": '{"id": ["integer"]}'}, "input_schema is a JSON object of column"),
        (
            {"format": CSV | {"header_definition": {
                "header_definition_type": "User Provided", "column_names": ["a", "a"]}}},
            "column_names has a twice",
        ),
        (
            {"format": CSV | {"header_definition": {"header_definition_type": "User Provided"}}},
            "header_definition needs a list of column_names",
        ),
    ],
)  # fmt: skip
def test_a_stream_that_cannot_be_read_is_refused_when_it_is_declared(
    drops: Drops, change: dict[str, Any], named: str
) -> None:
    drops.settings = change
    with pytest.raises(Problem) as refused:
        FilesConnector().check(drops.source)
    assert refused.value.status == 422
    assert "'spend'" in refused.value.detail
    assert named in refused.value.detail


def test_values_that_are_not_of_their_type_are_named_in_the_log(drops: Drops) -> None:
    drops.settings = {"input_schema": '{"id": "integer", "amount": "number"}'}
    drops.drop("a", 'id,amount\n0x10,"1,234.56"\n16,1.5\n1_0,1e400\n')
    rows = drops.sync()
    assert [(row["id"], row["amount"]) for row in rows] == [(None, None), (16, 1.5), (None, None)]
    warned = [line for line in drops.log if line.startswith("WARN")]
    assert warned == [
        "WARN spend: a, 2 values of id are not integer and landed as null; the first is '0x10'",
        "WARN spend: a, 2 values of amount are not number and landed as null; the first is '1,234.56'",
    ]


def test_columns_beyond_the_schema_are_named_in_the_log(drops: Drops) -> None:
    drops.settings = {"input_schema": '{"id": "integer"}'}
    drops.drop("a", "id,note, x\n1,a,b\n")
    assert [row["id"] for row in drops.sync()] == [1]
    assert any(line.startswith("WARN") and line.endswith("and do not land: note, ' x'") for line in drops.log)


def test_a_column_that_the_schema_spells_otherwise_is_named(drops: Drops) -> None:
    """It landed as nulls."""
    drops.settings = {"input_schema": '{"id": "integer"}'}
    drops.drop("a", "ID\n1\n")
    with pytest.raises(WorkerError, match=r"a, .*the columns id and ID differ only in case"):
        drops.sync()


def test_what_is_no_file_is_not_listed(drops: Drops) -> None:
    (drops.folder / "folder.csv").mkdir()
    (drops.folder / "nowhere.csv").symlink_to(drops.folder / "gone")
    os.mkfifo(drops.folder / "pipe.csv")
    drops.drop("a.csv", "id\n1\n")
    assert [file.url for file in place_of(drops.source).files()] == ["a.csv"]
