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

    started: dt.datetime = dt.datetime(2025, 10, 17, tzinfo=dt.UTC)
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
            raise ValueError("strange")
        return iter([{"id": "1"}])

    monkeypatch.setattr("airbyte_engine.worker.files.source.records", records)
    for name, content in (("a", "id\n1\n"), ("b", "id\n2\n"), ("c", "id\n3\n")):
        drops.drop(name, content)
    with pytest.raises(WorkerError, match="b, its records cannot be stored: strange"):
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
def test_a_correction_with_an_old_time_is_read_and_is_the_newest(drops: Drops, content: str) -> None:
    """As `cp -p` and `rsync -t` bring it: bronze and staging would have kept the line it corrects."""
    drops.drop("a", "id\n1\n")
    (before,) = drops.sync()
    corrected = drops.drop("partial", content)
    os.utime(corrected, (1_000_000_000, 1_000_000_000))
    corrected.replace(drops.folder / "a")
    (after,) = drops.sync()
    assert after["id"] == content.split()[1]
    assert after["_ab_source_file_last_modified"] > before["_ab_source_file_last_modified"]
    assert drops.sync() == []


def test_a_changed_version_is_read_whatever_its_time_says() -> None:
    moment = dt.datetime(2025, 10, 16, tzinfo=dt.UTC)
    older = moment - dt.timedelta(days=1)
    history = History(None)
    history.add(RemoteFile("a", moment, "v1"))
    again = History(json.loads(json.dumps(history.state())))
    assert not again.lacks(RemoteFile("a", moment, "v1"))
    assert again.lacks(RemoteFile("a", moment, "v2")), "replaced within the same moment"
    assert again.lacks(RemoteFile("a", older, "v1"))
    assert again.lacks(RemoteFile("b", older, "v1")), "a file that was never read"
    before = {"history": history.state()["history"]}
    assert not History(before).lacks(RemoteFile("a", moment, "v1")), "a state without versions"


def test_a_file_of_a_full_history_is_read_again_when_it_was_replaced() -> None:
    moment = dt.datetime(2025, 10, 16, tzinfo=dt.UTC)
    history = History(None)
    for number in range(LONGEST + 1):
        history.add(RemoteFile(f"{number:05}", moment + dt.timedelta(seconds=number), "v1"))
    state = history.state()
    assert len(state["history"]) == LONGEST
    assert state["_ab_source_file_last_modified"] == "2025-10-16T02:46:40.000000Z_10000"
    full, older = History(state), moment - dt.timedelta(days=1)
    assert full.lacks(RemoteFile("00001", older, "v2"))
    assert not full.lacks(RemoteFile("00000", moment, "v1")), "forgotten, and not new"
    assert full.lacks(RemoteFile("new", moment + dt.timedelta(days=1), "v1"))


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


def test_what_is_no_file_is_not_listed(drops: Drops) -> None:
    (drops.folder / "folder.csv").mkdir()
    (drops.folder / "nowhere.csv").symlink_to(drops.folder / "gone")
    os.mkfifo(drops.folder / "pipe.csv")
    drops.drop("a.csv", "id\n1\n")
    assert [file.url for file in place_of(drops.source).files()] == ["a.csv"]
