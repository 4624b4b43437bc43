"""DuckDB's errors as a client reads them."""

import duckdb
import pytest

from dremio_engine.lake.messages import error_kind, first_line, without_folders


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("select nothing from t", "Column 'nothing' not found in any table"),
        ("select g.idd from t g", "Column 'idd' not found in table 'g'"),
        (
            "select id from t where idd = 1",
            "Column 'idd' not found in any table",
        ),
        ("select id from (select id from t) q where q.no > 1", "Column 'no' not found in table 'q'"),
        ("update t set idd = 1", "Column 'idd' not found in any table"),
        (
            "insert into t (idd) values (1)",
            "Column 'idd' not found in table 't'",
        ),
        ("select 1 from t a join t b using (no)", "Column 'no' not found in any table"),
    ],
)
def test_a_column_that_is_not_there_is_named(sql: str, words: str) -> None:
    connection = duckdb.connect()
    connection.execute("create table t (id integer, name varchar)")
    with pytest.raises(duckdb.Error) as failed:
        connection.execute(sql)
    assert first_line(failed.value) == words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "No magic bytes at end of file '/srv/a b/nas/x.parquet'",
            "No magic bytes at end of file 'x.parquet'",
        ),
        ('Cannot open "/srv/o\'neil/a b/x y.parquet": no', 'Cannot open "x y.parquet": no'),
        ("at 's3://lake/a b/x.parquet'", "at 's3://lake/a b/x.parquet'"),
        ('Cannot open file "/srv/nas/gold/x.parquet": no', 'Cannot open file "x.parquet": no'),
        ("in file '/srv/x.parquet'", "in file 'x.parquet'"),
        ("at s3://lake/gold/x.parquet", "at s3://lake/gold/x.parquet"),
        ("divide 1/2 by zero", "divide 1/2 by zero"),
    ],
)
def test_folders_of_this_machine_are_not_shown(text: str, shown: str) -> None:
    assert without_folders(text) == shown


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("select x.id from t", "Table 'x' not found"),
        (
            "select id from t a join t b on true",
            'Column \'id\' is ambiguous; name its table as well, as in "a.id" or "b.id"',
        ),
        ("select upper([1])", "Cannot apply 'upper' to arguments of type 'upper(INTEGER[])'"),
        ("select abs('a')", "Cannot apply 'abs' to arguments of type 'abs(VARCHAR)'"),
        ("select dremio_place(name) from t", "Cannot apply 'PLACE' to arguments of these types"),
        ("select cast('a' as integer)", "Could not convert string 'a' to INT32"),
        ("select (select id from range(2) r(id))", "More than one row returned by a subquery used as an"),
        ("select timezone('Mars', now()::timestamp)", "Unknown TimeZone 'Mars'!"),
        ("select * from read_parquet('/srv/not there/x.parquet')", "No files found that match"),
    ],
)
def test_nothing_of_duckdb_is_in_a_message(sql: str, words: str) -> None:
    connection = duckdb.connect()
    connection.execute("create table t (id integer, name varchar)")
    connection.execute("create macro dremio_place(n integer) as n + 1")
    with pytest.raises(duckdb.Error) as failed:
        connection.execute(sql).fetchall()
    message = first_line(failed.value)
    assert message.startswith(words)
    for foreign in ("Error:", "LINE", "\n", "Candidate", "LITERAL", "/srv", "SET ", "dremio_"):
        assert foreign not in message


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (duckdb.BinderException, "VALIDATION ERROR"),
        (duckdb.IOException, "DATA_READ ERROR"),
        (duckdb.OutOfMemoryException, "RESOURCE ERROR"),
        (duckdb.InternalException, "SYSTEM ERROR"),
        (duckdb.ConversionException, "EXECUTION ERROR"),
    ],
)
def test_an_error_has_dremios_kind(error: type[duckdb.Error], kind: str) -> None:
    assert error_kind(error("no")) == kind


def test_an_internal_error_shows_no_stack() -> None:
    text = "INTERNAL Error: wrong\n\nStack Trace:\n\n/usr/lib/libduckdb.so(+0x1) [0x7f]"
    assert first_line(duckdb.InternalException(text)) == "wrong"
