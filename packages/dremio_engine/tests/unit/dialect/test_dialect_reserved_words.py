"""Reserved words: names only in double quotes, wherever a name can stand; keywords where Dremio has them."""

from typing import Any

import pytest
from tests.support.gate import is_admitted, refusal

from dremio_engine.errors import EngineError, InvalidStatement
from dremio_engine.sql.gate import admitted
from dremio_engine.sql.refusals.reserved_words import RESERVED_WORDS

WORDS = sorted(RESERVED_WORDS)
SAMPLE = [
    "value",
    "date",
    "year",
    "count",
    "user",
    "position",
    "order",
    "true",
    "left",
    "sum",
    "interval",
    "one",
]
NAME_OF_A_COLUMN = [
    "select 1 as {w}",
    "select a as x, sum(b) as {w} from t group by a",
    "select x from (select 1 as {w}) as q",
    "with c({w}) as (select 1 as a) select a from c",
    "select a from (values (1)) as t({w})",
    "select c['x'].{w} from t",
]
NAME_OF_A_RELATION = [
    "select a from (select 1 as a) as {w}",
    "select a from s.t as {w}",
    "merge into s.t as {w} using s.u as u on (1 = 1) when not matched then insert (a) values (1)",
    "merge into s.t as t using s.u as {w} on (1 = 1) when not matched then insert (a) values (1)",
    "delete from s.t as {w}",
    "select sum(a) over w from t window {w} as (order by a)",
]
# Where a keyword may follow, some words make another mistake of the statement.
ANYWHERE = [
    "select 1 {w}",
    "select {w} from t",
    "select {w}, a from t",
    "select t.{w} from t",
    "select a from t where {w} = 1",
    "select a from {w}",
    "select a from s.{w}",
    "select a from {w}.t",
    "select a from t {w}",
    "select a from t join u using ({w})",
    "with {w} as (select 1 as a) select a from t",
    "insert into s.t ({w}) values (1)",
    "update s.t set {w} = 1",
    "merge into s.t as t using s.u as u on (1 = 1) when matched then update set {w} = 1",
    "merge into s.t as t using s.u as u on (1 = 1) when not matched then insert ({w}) values (1)",
]
DEFINITIONS = [
    "create table s.t (a int, {w} int)",
    "create table s.{w} (a int)",
    "create table {w}.t as select 1 as a",
    "create table s.t partition by ({w}) as select 1 as a",
    "create table s.t localsort by ({w}) as select 1 as a",
    "create view s.{w} as select 1 as a",
    "create view s.v ({w}) as select 1 as a",
    "create folder s.{w}",
    "drop table s.{w}",
    "drop view s.{w}",
    "truncate table s.{w}",
    "alter table s.t add columns ({w} int)",
    "alter table s.t alter column a {w} int",
    "alter table s.t create raw reflection {w} using display (a)",
    "alter table s.t create raw reflection r using display ({w})",
    "describe s.{w}",
    "optimize table s.{w}",
]
# Words that stand for a value wherever a column can.
VALUES = {
    *("CURRENT_CATALOG", "CURRENT_DATE", "CURRENT_PATH", "CURRENT_ROLE", "CURRENT_SCHEMA", "CURRENT_TIME"),
    *(
        "CURRENT_TIMESTAMP",
        "CURRENT_USER",
        "LOCALTIME",
        "LOCALTIMESTAMP",
        "SESSION_USER",
        "SYSTEM_USER",
        "USER",
    ),
    *("TRUE", "FALSE", "NULL"),
}


def refused_at_the_word(form: str, word: str) -> bool:
    """Whether the statement is refused for this word in its place."""
    return f'Encountered "{word}" at line 1, column {form.index("{w}") + 1}: ' in refusal(form.format(w=word))


def test_no_reserved_word_is_a_name_without_quotes() -> None:
    assert len(WORDS) > 400
    for form in ("select 1 as {w}", "create table s.t ({w} int)"):
        assert [word for word in WORDS if not refused_at_the_word(form, word.lower())] == []


@pytest.mark.parametrize("word", WORDS)
def test_no_reserved_word_is_a_column_or_relation_without_quotes(dremio: Any, word: str) -> None:
    for form in ("select 1 {w}", "select {w} from t as v(x)", "select x from {w}"):
        if word in VALUES and form.startswith("select {w}"):
            continue
        sql = form.format(w=word.lower())
        with pytest.raises(EngineError):
            dremio.sql(sql)


def test_every_reserved_word_is_a_name_in_quotes() -> None:
    every = [f'"{word}"' for word in WORDS]
    query = f"select {', '.join(every)} from (select {', '.join(f'1 as {word}' for word in every)}) as q"
    assert is_admitted(query)
    assert is_admitted(f"create table s.t ({' int, '.join(every)} int)")


@pytest.mark.parametrize("form", [*NAME_OF_A_COLUMN, *NAME_OF_A_RELATION, *DEFINITIONS])
def test_a_reserved_word_without_quotes_is_refused_by_its_place(form: str) -> None:
    assert [word for word in SAMPLE if not refused_at_the_word(form, word)] == []


@pytest.mark.parametrize("form", ANYWHERE)
def test_a_reserved_word_without_quotes_is_no_name_anywhere(dremio: Any, form: str) -> None:
    for word in set(SAMPLE) - {word.lower() for word in VALUES}:
        sql = form.format(w=word)
        with pytest.raises(EngineError):
            dremio.sql(sql)


@pytest.mark.parametrize("form", [*NAME_OF_A_COLUMN, *NAME_OF_A_RELATION, *ANYWHERE, *DEFINITIONS])
def test_a_reserved_word_in_quotes_is_a_name_everywhere(form: str) -> None:
    assert [word for word in SAMPLE if not is_admitted(form.format(w=f'"{word}"'))] == []


FREE = [
    *("measures", "catalog", "name", "type", "status", "source", "week", "quarter", "data", "first", "last"),
    *("key", "location", "view", "columns", "query"),
]
KEYWORDS = [
    ("select count(*), count(distinct i), sum(i), avg(i), min(i), max(i) from t", 1),
    ("select year(date '2025-10-16'), month(date '2025-10-16'), hour(timestamp '2025-10-16 01:02:03')", 2025),
    ("select date '2025-10-16' = cast('2025-10-16' as date)", True),
    ("select extract(year from timestamp '2025-10-16 01:02:03')", 2025),
    ("select extract(second from timestamp '2025-10-16 01:02:03')", 3),
    ("select timestampdiff(day, date '2025-10-16', date '2025-10-18')", 2),
    ("select timestampadd(year, 1, date '2025-10-16') = date '2026-10-16'", True),
    ("select date '2025-10-16' + interval '1' day = date '2025-10-17'", True),
    ("select cast('1' as integer) + cast(2 as double) + cast(3 as decimal(5, 2))", 6.0),
    ("select cast('a' as varchar(10)) = cast('a' as character varying)", True),
    ("select current_date is not null and current_timestamp >= localtimestamp", True),
    ("select case when user = current_user then 1 else 2 end", 1),
    ("select nullif(1, 2), coalesce(null, 3), abs(-1), power(2, 3), sqrt(4), mod(5, 3), floor(1)", 1),
    ("select left('abc', 2) || right('abc', 1) || upper('a') || lower('B')", "abcAb"),
    ("select substring('abc' from 2 for 1) || trim(both ' ' from ' x ')", "bx"),
    ("select position('b' in 'abc')", 2),
    ("select row_number() over (partition by a order by b rows between unbounded preceding and current"
     " row) from (values (1, 2)) as v(a, b)", 1),
    ("select first_value(a) over (order by a), lag(a) over (order by a) from (values (1)) as v(a)", 1),
    ("select rank() over (order by a), dense_rank() over (order by a), ntile(2) over (order by a)"
     " from (values (1)) as v(a)", 1),
    ("select grouping(a) from (values (1)) as v(a) group by rollup(a) order by 1 limit 1", 0),
    ("select a from (values (1), (2)) as v(a) order by a offset 1 rows fetch next 1 rows only", 2),
    ("select sum(a) filter (where a > 1) from (values (1), (2)) as v(a)", 2),
    ("select percentile_cont(0.5) within group (order by a) from (values (1), (3)) as v(a)", 2.0),
    ("select 1 from t where 'a' similar to 'a' and 1 between 0 and 2"
     " and not exists (select 1 from t where false)", 1),
    ("select array[1, 2][1]", 2),
    ("select \"Value\" from (values (1)) as v(\"Value\")", 1),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "value"), KEYWORDS, ids=[sql for sql, _ in KEYWORDS])
def test_a_reserved_word_is_a_keyword_where_dremio_has_it(dremio: Any, sql: str, value: Any) -> None:
    assert dremio.rows(sql)[0][0] == value


@pytest.mark.parametrize("word", FREE)
def test_a_keyword_that_is_not_reserved_is_a_name(dremio: Any, word: str) -> None:
    assert dremio.rows(f"select {word} from (values (1)) as v({word})") == [(1,)]


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        ("-- a comment\ncreate table s.t as\n  select 1 as value", "line 3, column 15"),
        ("create or replace view s.v (a) as select\n1 as value", "line 2, column 6"),
        ("explain plan for select 1 as value", "line 1, column 30"),
        ("insert into s.t\nselect value from s.u", "line 2, column 8"),
        ("select t.true from t", "line 1, column 10"),
        ("create table s.t (\n  value int)", "line 2, column 3"),
        ("create table s.t as select 1 as a b c", "line 1, column 35"),
    ],
)
def test_a_refusal_says_where_in_the_whole_statement(sql: str, where: str) -> None:
    assert f"at {where}:" in refusal(sql)


def test_a_refusal_says_how_to_use_the_word() -> None:
    assert refusal("select 1 as value") == (
        'PARSE ERROR: Failure parsing the query. Encountered "value" at line 1, column 13:'
        ' VALUE is a reserved word; write "value" in double quotes to use it as a name.'
    )


def test_a_views_query_passes_the_same_gate() -> None:
    with pytest.raises(InvalidStatement, match='Encountered "value" at line 1, column 13'):
        admitted("select 1 as value")
    assert admitted('select 1 as "value"').sql == 'select 1 as "value"'
