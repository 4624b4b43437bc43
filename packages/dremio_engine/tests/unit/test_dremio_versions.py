"""Which version a reading means, what a cut-short write left, what an error shows: without an engine."""

import shutil
import time
import uuid
from datetime import datetime
from pathlib import Path

import pytest

from dremio_engine.errors import InvalidStatement, Unsupported
from dremio_engine.lake.intents import Intent, Intents
from dremio_engine.lake.messages import without_connection_string
from dremio_engine.lake.storage import PostgresAddress
from dremio_engine.lake.sweep import _written_by
from dremio_engine.lake.versions import Snapshot, _still_readable, find
from dremio_engine.sql.readings import AtMoment, AtSnapshot, at_moment, path_in
from dremio_engine.sql.statements import commands as c
from dremio_engine.sql.statements.command_parser import parse_command
from testing.waiting import wait_until

NOON = datetime(2025, 10, 16, 12)
SNAPSHOTS = [
    Snapshot(3, datetime(2025, 10, 16, 10, 0, 0, 123_900), 4, "append"),
    Snapshot(7, NOON, 7, "overwrite"),
    Snapshot(9, datetime(2025, 10, 16, 13), None, "append"),
]


@pytest.mark.parametrize(
    ("reading", "found"),
    [
        (AtSnapshot(3), 3),
        (AtSnapshot(9), 9),
        (AtMoment(datetime(2025, 10, 16, 11)), 3),
        (AtMoment(NOON), 7),
        # A client has seen this snapshot's time with milliseconds only.
        (AtMoment(datetime(2025, 10, 16, 10, 0, 0, 123_000)), 3),
        (AtMoment(datetime(2999, 1, 1)), 9),
    ],
)
def test_a_reading_means_the_version_that_was_current_then(
    reading: AtSnapshot | AtMoment, found: int
) -> None:
    assert find(SNAPSHOTS, reading).snapshot_id == found


@pytest.mark.parametrize("reading", [AtSnapshot(4), AtMoment(datetime(2025, 10, 16, 9))])
def test_a_version_that_is_not_there_is_an_error(reading: AtSnapshot | AtMoment) -> None:
    with pytest.raises(InvalidStatement):
        find(SNAPSHOTS, reading)


def test_the_newest_version_is_read_as_the_table_and_an_older_one_through_what_is_kept() -> None:
    assert [s.clause for s in SNAPSHOTS] == [" at (version => 4)", " at (version => 7)", ""]


@pytest.mark.parametrize(
    ("changed", "kept", "without", "readable"),
    [
        ([2, 6], [2, 3, 6], 2, True),
        ([2, 6], [2, 6], 2, False),
        ([2, 6], [3, 6], 3, False),
        ([2], [2, 3], 2, True),  # the table as it is now needs no version
        ([5, 8], [2, 5, 8], 2, True),  # the table was not there yet
    ],
)
def test_a_version_is_given_up_only_if_another_shows_the_same_state(
    changed: list[int], kept: list[int], without: int, readable: bool
) -> None:
    assert _still_readable(changed, kept, without) is readable


@pytest.mark.parametrize("text", ["2025-10-16", "2025-10-16 00:00:00", "2025-10-16T02:00:00+02:00"])
def test_a_moment_is_utc_and_a_zone_is_honoured(text: str) -> None:
    assert at_moment(text) == AtMoment(datetime(2025, 10, 16))


def test_a_path_in_a_string_keeps_its_quotes_meaning() -> None:
    assert path_in('gold."a.b".t') == ("gold", "a.b", "t")
    for wrong in ("", "a.", "a b", ".a"):
        with pytest.raises(InvalidStatement):
            path_in(wrong)


@pytest.mark.parametrize(
    ("sql", "command"),
    [
        ("rollback table g.t to snapshot '12'", c.Rollback(("g", "t"), AtSnapshot(12))),
        ("ROLLBACK TABLE g.t TO TIMESTAMP '2025-10-16 12:00:00'", c.Rollback(("g", "t"), AtMoment(NOON))),
        ("vacuum table g.t expire snapshots", c.Vacuum(("g", "t"))),
        (
            "vacuum table g.t expire snapshots older_than = '2025-10-16 12:00:00' retain_last 20",
            c.Vacuum(("g", "t"), NOON, 20),
        ),
        ("optimize table g.t", c.Optimize(("g", "t"))),
        ("optimize table g.t rewrite manifests", c.Optimize(("g", "t"), data=False)),
        (
            "optimize table g.t rewrite data using bin_pack (min_input_files = 2, min_file_size_mb=8)",
            c.Optimize(("g", "t"), True, 2, 8),
        ),
        (
            "optimize table g.t rewrite data (target_file_size_mb = 100, max_file_size_mb = 120)",
            c.Optimize(("g", "t"), True, 5, 75, 100, 120),
        ),
        (
            "optimize table g.t using bin_pack for partitions k = 'a' and (l > 1)",
            c.Optimize(("g", "t"), partitions="k = 'a' and (l > 1)"),
        ),
        (
            "optimize table g.t rewrite data for partitions (k = 'a') (min_input_files = 2)",
            c.Optimize(("g", "t"), min_input_files=2, partitions="(k = 'a')"),
        ),
        (
            "optimize table g.t rewrite data (min_input_files = 2) for partitions k = 'a'",
            c.Optimize(("g", "t"), min_input_files=2, partitions="k = 'a'"),
        ),
        (
            "alter table g.t add partition field bucket(8, k)",
            c.PartitionFields(("g", "t"), c.PartitionField("k", "bucket", 8), drop=False),
        ),
        (
            "alter table g.t drop partition field d",
            c.PartitionFields(("g", "t"), c.PartitionField("d"), drop=True),
        ),
        ("alter table g.t localsort by (a, b)", c.LocalSort(("g", "t"), ("a", "b"))),
    ],
)
def test_upkeep_becomes_its_command(sql: str, command: c.Command) -> None:
    assert parse_command(sql) == command


@pytest.mark.parametrize(
    "sql",
    [
        "rollback table g.t",
        "rollback table g.t to snapshot 'x'",
        "rollback table g.t to snapshot 12",
        "rollback table g.t to timestamp timestamp '2025-10-16 12:00:00'",
        "vacuum table g.t",
        "vacuum table g.t expire snapshots older_than timestamp '2025-10-16 12:00:00'",
        "vacuum table g.t expire snapshots retain_last 2 older_than '2025-10-16 12:00:00'",
        "optimize table g.t rewrite data rewrite manifests",
        "optimize table g.t rewrite manifests (min_input_files = 2)",
        "optimize table g.t for partitions",
        "optimize table g.t (max_files = 2)",
        "vacuum table g.t expire snapshots retain_last 0",
        "vacuum table g.t expire snapshots sometimes",
        "optimize table g.t rewrite data (min_input_files = many)",
        "alter table g.t add partition field century(d)",
        "alter table g.t add partition field bucket(k)",
        "alter table g.t add partition field month(3, d)",
    ],
)
def test_upkeep_that_is_not_understood_is_an_error(sql: str) -> None:
    with pytest.raises(InvalidStatement):
        parse_command(sql)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("target_file_size_mb = 0", "TARGET_FILE_SIZE_MB [0] should be a positive integer value."),
        ("min_file_size_mb = 500", "MIN_FILE_SIZE_MB [500] cannot be greater than MAX_FILE_SIZE_MB [460]."),
        ("min_file_size_mb = 300", "TARGET_FILE_SIZE_MB [256] cannot be less than MIN_FILE_SIZE_MB [300]."),
        (
            "max_file_size_mb = 200",
            "TARGET_FILE_SIZE_MB [256] cannot be greater than MAX_FILE_SIZE_MB [200].",
        ),
        ("min_input_files = 0", "Value of MIN_INPUT_FILES [0] cannot be less than 1."),
    ],
)
def test_sizes_that_contradict_each_other_are_refused(options: str, reason: str) -> None:
    with pytest.raises(InvalidStatement) as refused:
        parse_command(f"optimize table g.t rewrite data ({options})")
    assert reason in refused.value.message


def test_upkeep_that_is_not_done_is_refused_by_name() -> None:
    with pytest.raises(Unsupported, match="REMOVE ORPHAN FILES"):
        parse_command("vacuum table g.t remove orphan files")


def named_at(milliseconds: int) -> str:
    """A file as DuckLake names it at a moment."""
    return f"ducklake-{uuid.UUID(int=(milliseconds << 80) | (7 << 76) | (2 << 62) | 5)}.parquet"


@pytest.mark.parametrize(
    ("file", "swept"),
    [
        (named_at(1_500), True),
        (f"year=2025/{named_at(1_500)}", True),
        (named_at(1_500).replace(".parquet", "-delete.parquet"), True),
        (named_at(900), False),
        (named_at(2_001), False),
        ("data.parquet", False),
        ("ducklake-data.parquet", False),
        (named_at(1_500) + ".bak", False),
        (f"ducklake-{uuid.UUID(int=(1_500 << 80) | (4 << 76) | (2 << 62))}.parquet", False),
    ],
)
def test_only_files_named_by_ducklake_during_the_write_are_its_own(file: str, swept: bool) -> None:
    intent = Intent(1, "s3://b/gold/t/", True, 1_000, 2_000)
    assert _written_by(intent, f"s3://b/gold/t/{file}") is swept


def test_where_the_tables_folder_is_not_known_only_ducklakes_own_folders_count() -> None:
    intent = Intent(1, "s3://b/gold/", False, 1_000, 2_000)
    folder = named_at(1_400).removeprefix("ducklake-").removesuffix(".parquet")
    assert _written_by(intent, f"s3://b/gold/{folder}/part=1/{named_at(1_500)}")
    assert not _written_by(intent, f"s3://b/gold/orders/{named_at(1_500)}")
    assert not _written_by(intent, f"s3://b/gold/{named_at(1_500)}")


def test_a_note_outlives_its_process_and_not_its_write(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    notes = Intents(tmp_path / "mine" / "writes.sqlite")
    with notes.writing("s3://b/ended/"):
        assert notes.cut_short() == [], "this process writes on"
    with notes.writing("s3://b/killed/"):
        shutil.copytree(tmp_path / "mine", tmp_path / "as_a_kill_leaves_it")
    copied = time.time_ns() // 1_000_000
    wait_until(lambda: time.time_ns() // 1_000_000 > copied, "a later millisecond", look_every=0.001)
    (cut,) = Intents(tmp_path / "as_a_kill_leaves_it" / "writes.sqlite").cut_short()
    assert (cut.folder, cut.table_known) == ("s3://b/killed/", True)


def test_an_error_names_the_source_and_never_shows_its_password() -> None:
    address = PostgresAddress("it's \\ here", "db.example", 5432, "shop", "me", "p\"w'd")
    error = f'IO Error: Unable to connect to Postgres at "{address.dsn}": connection refused'
    shown = without_connection_string(error)
    assert shown == "IO Error: Source [it's \\ here] does not answer at db.example:5432: connection refused"
    assert "w\\'d" not in without_connection_string(f"something else: {address.dsn}")
