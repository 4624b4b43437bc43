"""COPY INTO: what of a file's records arrives in the table, and what is said of the rest."""

import gzip
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.engine_with_reflections import ReflectedEngine

from dremio_engine.errors import EngineError

DAY = date(2020, 1, 1)
TEXTS = {
    "a.csv": 'id,name,d\n1,"x, y",2020-01-01\n2,,\n',
    "sub/b.csv": "ID,other,d\n3,zz,2021-01-01\n",
    "odd/a]": "id\n11\n",
    "odd/a^": "id\n12\n",
    "odd/a b-é.csv": "id\n13\n",
    "_hidden.csv": "id\n99\n",
    "bad.csv": "id,name,d\n1,a,2020-01-01\nx,b,2020-01-01\n3,c,nope\n4,d\n5,e,2020-01-01,extra\n",
    "plain.dat": "to be skipped\n7;'it''s';03/04/2020\n8; None ;\n",
    "half.csv": "id\n1.7\n",
    "empty.csv": "",
    "only_header.csv": "id,name,d\n",
    "lines.json": '{"id": 1, "name": "j", "more": [1], "d": "2020-01-01"}\n{"ID": 2, "name": null}\n',
    "array.json": '[{"id": 3, "name": "k"}, {"id": "x"}, {"id": 5}]',
    "broken.json": '{"id": 1}\n{"id": \n{"id": 3}\n',
    "strange.csv": "z\n1\n",
}


@pytest.fixture(scope="module", autouse=True)
def files(engine: ReflectedEngine) -> None:
    """Files of every format in the folder `drop` of the source `gold`."""
    folder = Path(str(engine.services.settings.nas_root)) / "gold" / "drop"
    for name in ("sub", "odd"):
        (folder / name).mkdir(parents=True)
    for name, text in TEXTS.items():
        (folder / name).write_text(text)
    (folder / "z.csv.gz").write_bytes(gzip.compress(b"id,name\n9,gz\n"))
    pq.write_table(pa.table({"ID": [1, 2], "name": ["p", "q"]}), folder / "good.parquet")
    pq.write_table(pa.table({"id": ["x", "2"], "name": ["p", "q"]}), folder / "wrong.parquet")
    engine.run("create table gold.texts (id varchar, name varchar)")


@pytest.fixture(autouse=True)
def copied(engine: ReflectedEngine) -> Iterator[None]:
    """An empty table `gold.copied`."""
    engine.run("create table gold.copied (id int, name varchar, d date)")
    yield
    engine.run("drop table gold.copied")


def copy(engine: ReflectedEngine, rest: str) -> dict[str, int]:
    [row] = engine.table(f"copy into gold.copied from {rest}").to_pylist()
    return dict(row)


def rows(engine: ReflectedEngine) -> list[tuple[Any, ...]]:
    return engine.rows("select id, name, d from gold.copied order by id, name")


ARRIVED = [
    ("'@gold/drop/a.csv'", [(1, "x, y", DAY), (2, None, None)]),
    (
        "'@gold/drop' files ('a.csv', 'sub/b.csv')",
        [(1, "x, y", DAY), (2, None, None), (3, None, date(2021, 1, 1))],
    ),
    ("'@gold/drop/' regex '^sub/.*\\.csv' file_format 'csv'", [(3, None, date(2021, 1, 1))]),
    ("'@gold/drop/sub' file_format 'csv'", [(3, None, date(2021, 1, 1))]),
    ("'@gold/drop/z.csv.gz'", [(9, "gz", None)]),
    (
        "'@gold/drop' files ('plain.dat') file_format 'csv' (extract_header 'false', skip_lines 1,"
        " field_delimiter ';', quote_char '''', escape_char '''', date_format 'DD/MM/YYYY', null_if ('None'),"
        " trim_space 'true')",
        [(7, "it's", date(2020, 4, 3)), (8, None, None)],
    ),
    (
        "'@gold/drop/odd' files ('a]', 'a^', 'a b-é.csv') file_format 'csv'",
        [(11, None, None), (12, None, None), (13, None, None)],
    ),
    ("'@gold/drop/lines.json'", [(1, "j", DAY), (2, None, None)]),
    ("'@gold/drop' files ('good.parquet')", [(1, "p", None), (2, "q", None)]),
    ("'@gold/drop/empty.csv'", []),
    ("'@gold/drop/only_header.csv'", []),
]


@pytest.mark.parametrize(("rest", "expected"), ARRIVED, ids=[rest for rest, _ in ARRIVED])
def test_records_arrive(engine: ReflectedEngine, rest: str, expected: list[tuple[Any, ...]]) -> None:
    assert copy(engine, rest) == {"Rows Inserted": len(expected)}
    assert rows(engine) == expected


def test_empty_texts_are_null_unless_said_otherwise(engine: ReflectedEngine) -> None:
    for option, name in (("'true'", None), ("'false'", "")):
        engine.run("truncate table gold.texts")
        engine.run(f"copy into gold.texts from '@gold/drop/a.csv' (empty_as_null {option})")
        assert engine.rows("select name from gold.texts where id = '2'") == [(name,)]


def test_moments_are_read_by_their_formats(engine: ReflectedEngine) -> None:
    folder = Path(str(engine.services.settings.nas_root)) / "gold" / "moments"
    folder.mkdir()
    (folder / "m.csv").write_text("t,ts,plain\n01.02.03,2020/01/02 03-04,2020-01-01 10:00:00.500\n")
    engine.run("create table gold.moments (t time, ts timestamp, plain timestamp)")
    options = "(time_format 'HH24.MI.SS', timestamp_format 'YYYY/MM/DD HH24-MI')"
    with pytest.raises(EngineError, match="column plain, value 2020-01-01 10"):
        engine.outcome(f"copy into gold.moments from '@gold/moments/m.csv' {options}")
    (folder / "m.csv").write_text("t,ts\n01.02.03,2020/01/02 03-04\n")
    engine.run(f"copy into gold.moments from '@gold/moments/m.csv' {options}")
    assert engine.rows("select t, ts from gold.moments") == [(time(1, 2, 3), datetime(2020, 1, 2, 3, 4))]
    engine.run("drop table gold.moments")


def test_members_become_nested_values(engine: ReflectedEngine) -> None:
    engine.run("create table gold.nested as select array[0] as more, 0 as id")
    engine.run("copy into gold.nested from '@gold/drop/lines.json'")
    assert engine.rows("select * from gold.nested order by id") == [([0], 0), ([1], 1), (None, 2)]
    engine.run("drop table gold.nested")


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("bad.csv", "in file bad.csv: CSV Error on Line: 6"),
        ("half.csv", "in file half.csv, record 1: column id, value 1.7"),
        ("array.json", "in file array.json, record 2: column id, value x"),
        ("broken.json", 'Malformed JSON in file "broken.json"'),
        ("wrong.parquet", "in file wrong.parquet, record 1: column id, value x"),
        ("strange.csv", "No column name matches target schema [id, name, d] in file strange.csv"),
    ],
)
def test_the_first_wrong_record_stops_everything(engine: ReflectedEngine, file: str, reason: str) -> None:
    with pytest.raises(EngineError) as refused:
        copy(engine, f"'@gold/drop/{file}'")
    assert reason in refused.value.message
    assert "Possible fixes" not in refused.value.message
    assert rows(engine) == []


@pytest.mark.parametrize(
    ("file", "inserted", "rejected", "expected"),
    [
        ("bad.csv", 2, 3, [(1, "a", DAY), (4, "d", None)]),
        ("array.json", 1, 2, [(3, "k", None)]),
        ("broken.json", 1, 2, [(1, None, None)]),
        ("a.csv", 2, 0, [(1, "x, y", DAY), (2, None, None)]),
    ],
)
def test_continue_counts_what_is_rejected(
    engine: ReflectedEngine, file: str, inserted: int, rejected: int, expected: list[tuple[Any, ...]]
) -> None:
    counts = copy(engine, f"'@gold/drop/{file}' (on_error 'continue')")
    assert counts == {"Rows Inserted": inserted, "Rejected Records": rejected}
    assert rows(engine) == expected


def test_skip_file_leaves_out_files_with_an_error(engine: ReflectedEngine) -> None:
    counts = copy(engine, "'@gold/drop' files ('a.csv', 'bad.csv', 'half.csv') (on_error 'skip_file')")
    assert counts == {"Rows Inserted": 2, "Rejected Records": 2}
    assert [row[0] for row in rows(engine)] == [1, 2]
    assert copy(engine, "'@gold/drop/wrong.parquet' (on_error 'skip_file')")["Rows Inserted"] == 0


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        ("'@gold/drop/missing.csv'", "File(s) not found at @gold/drop/missing.csv: missing.csv"),
        ("'@gold/drop' files ('a.csv', 'missing.csv')", "missing.csv"),
        ("'@gold/drop' regex 'nothing like it' file_format 'csv'", "No files to copy found"),
        ("'@gold/drop'", "Files with only one type of extension"),
        ("'@gold/drop' files ('plain.dat')", "please specify FILE_FORMAT option"),
        ("'@gold/../secret.csv'", "[..] cannot be a part"),
        ("'@gold/drop' files ('../../secret.csv')", "[..] cannot be a part"),
        ("'gold/drop/a.csv'", "Dremio sources should precede with '@'"),
        ("'@missing/a.csv'", "[missing] is not a source of files"),
        ("'@gold/drop' regex '('", "is not a regular expression"),
        ("'@gold/drop/a.csv' file_format 'orc'", "Specified File Format 'orc' is not supported"),
        ("'@gold/drop/a.csv' (on_error 'ignore')", "not valid for Copy Option ON_ERROR"),
        ("'@gold/drop/a.csv' (skip_lines 'two')", "must be a non-negative integer, but got 'two'"),
        ("'@gold/drop/a.csv' (trim_space 'perhaps')", "not valid for Format Option 'TRIM_SPACE'"),
        ("'@gold/drop/a.csv' (field_delimiter '||')", "not valid for Format Option 'FIELD_DELIMITER'"),
        ("'@gold/drop/a.csv' (nonsense 1)", "[NONSENSE]"),
        ("'@gold/drop/good.parquet' (trim_space 'true')", "Unsupported format option TRIM_SPACE"),
        ("'@gold/drop/lines.json' (skip_lines 1)", "Unsupported format option SKIP_LINES"),
        ("'@gold/drop/wrong.parquet' (on_error 'continue')", "not supported for parquet"),
        ("'@gold/drop/a.csv' files ('a.csv') regex 'a'", "unexpected [regex]"),
        ("(select $1 from '@gold/drop/a.csv')", "COPY INTO with transformations"),
    ],
)
def test_what_cannot_be_copied_is_refused(engine: ReflectedEngine, rest: str, reason: str) -> None:
    with pytest.raises(EngineError) as refused:
        copy(engine, rest)
    assert reason in refused.value.message


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("copy into gold.missing from '@gold/drop/a.csv'", "Table [gold.missing] not found"),
        ("copy gold.copied to 'x.csv'", "COPY GOLD"),
        ("copy into gold.copied at branch main from '@gold/drop/a.csv'", "AT BRANCH"),
        ("copy into gold.copied from a.csv", "expected a text in apostrophes"),
    ],
)
def test_other_forms_are_refused_by_name(engine: ReflectedEngine, sql: str, reason: str) -> None:
    with pytest.raises(EngineError) as refused:
        engine.outcome(sql)
    assert reason in refused.value.message
