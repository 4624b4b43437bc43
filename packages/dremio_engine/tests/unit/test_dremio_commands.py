"""The command parser in front of sqlglot."""

import pytest

from dremio_engine.errors import EngineError, InvalidStatement, Unsupported
from dremio_engine.sql.statements import commands as c
from dremio_engine.sql.statements import function_commands as f
from dremio_engine.sql.statements.command_parser import parse_command


@pytest.mark.parametrize(
    ("sql", "command"),
    [
        ("select 1;", c.Query("select 1")),
        ("/* dbt */ with a as (select 1) select * from a", c.Query("with a as (select 1) select * from a")),
        ("(select 1)", c.Query("(select 1)")),
        ("explain plan for select 1", c.Explain("select 1")),
        ("create or replace view a.b as select 1", c.CreateView(("a", "b"), "select 1", True)),
        ('create vds a."b c" as select 1', c.CreateView(("a", "b c"), "select 1", False)),
        ("create folder if not exists a.b", c.CreateFolder(("a", "b"), True)),
        ("drop table if exists a.b", c.Drop("table", ("a", "b"), True)),
        ("drop view a.b", c.Drop("view", ("a", "b"), False)),
        ("truncate table a.b", c.Truncate(("a", "b"), False)),
        ("alter table a.b drop column c", c.DropColumn(("a", "b"), "c")),
        (
            "alter table a.b add columns (x int, y decimal(12, 2), z character varying(65536) not null)",
            c.AddColumns(
                ("a", "b"), (("x", "int"), ("y", "decimal(12, 2)"), ("z", "CHARACTER VARYING(65536)"))
            ),
        ),
        ('alter table a.b alter column "c" "c" double', c.AlterColumn(("a", "b"), "c", "c", "double")),
        ("alter table a.b refresh metadata", c.RefreshMetadata(("a", "b"))),
        (
            "alter pds a.b refresh metadata avoid promotion force update maintain when missing",
            c.RefreshMetadata(("a", "b"), auto_promotion=False, delete_missing=False),
        ),
        ("alter pds a.b forget metadata", c.RefreshMetadata(("a", "b"), forget=True)),
        ("alter view a.b refresh reflections", c.RefreshReflections(("a", "b"))),
        ("alter view a.b drop reflection r", c.DropReflection(("a", "b"), "r")),
        (
            "alter vds a.b set enable_default_reflection = true",
            c.SetOption(("a", "b"), "ENABLE_DEFAULT_REFLECTION"),
        ),
        (
            "create or replace function s.f(a int, b decimal(10, 2) not null) returns varchar return a || b",
            f.CreateFunction(
                ("s", "f"), (("a", "int"), ("b", "decimal(10, 2)")), "varchar", (), "a || b", replace=True
            ),
        ),
        (
            "create function if not exists f() returns table (n int, m double) return select 1, 2e0",
            f.CreateFunction(
                ("f",), (), "", (("n", "int"), ("m", "double")), "select 1, 2e0", if_missing=True
            ),
        ),
        ("drop function if exists s.f", f.DropFunction(("s", "f"), True)),
        ("desc function s.f", f.DescribeFunction(("s", "f"))),
        ("show functions like ' a% '", f.ShowFunctions("a%")),
        ("show create view s.v", c.ShowCreate("view", ("s", "v"))),
        ("show tblproperties s.t", c.ShowProperties(("s", "t"))),
        ("alter table s.t unset tblproperties ('a', 'b')", c.SetProperties(("s", "t"), removed=("a", "b"))),
        ("alter session set a.b = -1.5", c.SessionOption("SESSION", "a.b", -1.5)),
        ("alter system reset all", c.SessionOption("SYSTEM", "ALL", None)),
        ("show schemas", c.Show("SCHEMAS")),
        ("show tables in a.b like 'x%'", c.Show("TABLES", ("a", "b"), "x%")),
        ('describe table "a.b".c', c.Describe(("a.b", "c"))),
        ("merge into a using b on 1 = 1", c.Change("MERGE", "merge into a using b on 1 = 1")),
    ],
)
def test_a_statement_becomes_its_command(sql: str, command: c.Command) -> None:
    assert parse_command(sql) == command


def test_create_table_keeps_its_query_as_text_and_its_clauses_typed() -> None:
    command = parse_command(
        "create table gold.t hash partition by (day(d), k, bucket(4, z)) distribute by (k)"
        " localsort by (a, b)"
        " store as (type=>'iceberg') with single writer as (\n  select ')' as \"as\"\n)"
    )
    assert command == c.CreateTable(
        ("gold", "t"),
        "(\n  select ')' as \"as\"\n)",
        partitions=(c.PartitionField("d", "day"), c.PartitionField("k"), c.PartitionField("z", "bucket", 4)),
        sort=("a", "b"),
    )


def test_reflections_of_both_types() -> None:
    assert parse_command(
        "alter table g.o create aggregate reflection agg using dimensions (p, d by day)"
        " measures (amount (sum, count), x (approximate count distinct)) partition by (d) localsort by (p)"
    ) == c.CreateReflection(
        ("g", "o"),
        "agg",
        "AGGREGATION",
        dimensions=(("p", "NORMAL"), ("d", "DATE")),
        measures=(("amount", ("SUM", "COUNT")), ("x", ("APPROXIMATE_COUNT_DISTINCT",))),
        partitions=(c.PartitionField("d"),),
        sort=("p",),
    )
    assert parse_command("alter view g.o create raw reflection r using display (a, b)") == c.CreateReflection(
        ("g", "o"), "r", "RAW", display=("a", "b")
    )


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("copy gold.t to 'x.csv'", "COPY"),
        ("attach 'x.db'", "ATTACH"),
        ("install httpfs", "INSTALL"),
        ("load httpfs", "LOAD"),
        ("/**/ set threads = 1", "SET"),
        ("pragma database_list", "PRAGMA"),
        ("call lake.set_option('x', 'y')", "CALL"),
        ("export database 'x'", "EXPORT"),
        ("create schema x", "CREATE SCHEMA"),
        ("create function f(a int default 1) returns int return a", "Default Expression"),
        ("create macro m(a) as a", "CREATE MACRO"),
        ("create secret s (type s3)", "CREATE SECRET"),
        ("drop schema x", "DROP SCHEMA"),
        ("select 1; drop table a.b", "several statements"),
        ("create table a.b store as (type=>'text') as select 1", "text"),
        ("show grants", "SHOW GRANTS"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(sql: str, words: str) -> None:
    with pytest.raises(Unsupported) as refused:
        parse_command(sql)
    assert words in refused.value.message


@pytest.mark.parametrize(
    "sql",
    [
        "",
        ";",
        "-- only a comment",
        "create table a.b",
        "drop table",
        "create view a as",
        "alter table a.b add columns ()",
        "drop table a.b c",
        "create table a.b partition by (",
        "describe 'a'",
        "alter table a.b drop reflection",
    ],
)
def test_a_broken_statement_is_an_error_and_never_a_command(sql: str) -> None:
    with pytest.raises(InvalidStatement):
        parse_command(sql)


@pytest.mark.parametrize("sql", ["'", '"', "/*", "select 'x", "create table (", "\x00", "create or replace"])
def test_garbage_is_refused_in_a_readable_way(sql: str) -> None:
    with pytest.raises(EngineError):
        parse_command(sql)
