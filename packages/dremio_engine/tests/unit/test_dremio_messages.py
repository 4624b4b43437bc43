"""DuckDB's errors as a client reads them."""

import duckdb
import pytest

from dremio_engine.lake.messages import first_line, without_folders


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("select nothing from t", "Column 'nothing' not found in any table"),
        ("select g.idd from t g", "Column 'idd' not found in table 'g'; the most similar there is: \"id\""),
        (
            "select id from t where idd = 1",
            "Column 'idd' not found in any table; the most similar there is: \"id\"",
        ),
        ("select id from (select id from t) q where q.no > 1", "Column 'no' not found in table 'q'"),
        ("update t set idd = 1", "Column 'idd' not found in any table; the most similar there is: \"id\""),
        (
            "insert into t (idd) values (1)",
            "Column 'idd' not found in table 't'; the most similar there is: \"id\"",
        ),
        ("select 1 from t a join t b using (no)", "Column 'no' not found in any table"),
    ],
)
def test_a_column_that_is_not_there_is_named(sql: str, words: str) -> None:
    connection = duckdb.connect()
    connection.execute("create table t (id integer, name varchar)")
    with pytest.raises(duckdb.Error) as failed:
        connection.execute(sql)
    assert first_line(failed.value).startswith(words)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("No magic bytes at end of file '/srv/a b/nas/x.parquet'", None),
        ('Cannot open file "/srv/nas/gold/x.parquet": no', 'Cannot open file "x.parquet": no'),
        ("in file '/srv/x.parquet'", "in file 'x.parquet'"),
        ("at s3://lake/gold/x.parquet", "at s3://lake/gold/x.parquet"),
        ("divide 1/2 by zero", "divide 1/2 by zero"),
    ],
)
def test_folders_of_this_machine_are_not_shown(text: str, shown: str | None) -> None:
    if shown is None:
        assert "/srv" not in without_folders(text)
    else:
        assert without_folders(text) == shown
