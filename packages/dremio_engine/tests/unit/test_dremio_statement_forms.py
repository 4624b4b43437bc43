"""Dremio's own statements take the forms of its SQL reference, in its order, and no others."""

import pytest
from tests.support.gate import is_admitted, refusal

FORMS = [
    "create table s.t (a int) partition by (a) distribute by (a) localsort by (a)",
    "create table s.t hash partition by (a) localsort by (a) store as (type => 'iceberg') with single writer"
    " as select a from s.u",
    "alter table s.t add columns (a int, b varchar)",
    "alter pds s.t refresh metadata auto promotion force update delete when missing",
    "alter table s.t refresh metadata maintain when missing",
    "alter table s.t create raw reflection r using display (a) partition by (a) localsort by (a)",
    "alter table s.t create aggregate reflection r using dimensions (a) measures (b (sum)) localsort by (a)",
    "describe table s.t",
    "desc s.t",
    "show schemas like 'a%'",
    "show tables in s like 'a%'",
    "explain plan for select a from s.t",
    "create function s.f (x int) returns int return x + 1",
    "create function s.f (x int) returns int return (select max(a) from s.t where b = x)",
    "create function s.f () returns table (a int) return select a from s.t",
]
REFUSED = [
    ("create or replace table s.t as select 1 as a", "CREATE OR REPLACE TABLE"),
    ("create table s.t (a int) localsort by (a) partition by (a)", "PARTITION"),
    ("create table s.t (a int) partition by (a) partition by (a)", "PARTITION"),
    ("create table s.t (a int) hash localsort by (a)", "PARTITION"),
    ("create table s.t with single writer store as (type => 'iceberg') as select 1 as a", "STORE"),
    ("alter table s.t add column a int", "COLUMNS"),
    ("alter table s.t add (a int)", "COLUMNS"),
    ("alter pds s.t refresh metadata force update auto promotion", "AUTO"),
    ("alter pds s.t refresh metadata auto promotion avoid promotion", "AVOID"),
    (
        "alter table s.t create raw reflection r using display (a) localsort by (a) partition by (a)",
        "PARTITION",
    ),
    ("alter table s.t create aggregate reflection r using measures (b) dimensions (a)", "DIMENSIONS"),
    ("alter table s.t create agg reflection r using dimensions (a)", "AGGREGATE"),
    ("desc table s.t", "table"),
    ("show schemas in s", "in"),
    ("explain plan select a from s.t", "FOR"),
    ("create function s.f (x int) returns int return x::int", '"::" at line 1, column 49'),
    (
        "create function s.f (x int) returns int return select a as value from s.t",
        '"value" at line 1, column 60',
    ),
    ("create function s.f (x int) returns int return x as y", '"as" at line 1, column 50'),
]


@pytest.mark.parametrize("sql", FORMS)
def test_a_documented_form_is_accepted(sql: str) -> None:
    assert is_admitted(sql)


@pytest.mark.parametrize(("sql", "named"), REFUSED, ids=[sql for sql, _ in REFUSED])
def test_another_form_is_refused_by_the_word(sql: str, named: str) -> None:
    assert named in refusal(sql)
