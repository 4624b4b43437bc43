"""What only DuckDB, PostgreSQL and others have is refused, and the error shows it as the query wrote it."""

from typing import Any

import pytest
from tests.support.gate import is_admitted, refusal

QUERIES = [
    ("select i::varchar from t", "::"),
    ("select i :: varchar from t", "::"),
    ("select i, from t", ","),
    ("select max(i,) from t", ","),
    ("select i from t where i in (1, 2,)", ","),
    ("select array[1, 2,]", ","),
    ("select i from t order by i,", ","),
    ("with x as (select 1 as a), select a from x", ","),
    ("select [1, 2]", "["),
    ("select i from t where i in [1, 2]", "["),
    ("select * exclude (i) from t", "* exclude"),
    ("select * except (i) from t", "* except"),
    ("select t.* replace (1 as i) from t", "* replace"),
    ("select t.* rename (i as k) from t", "* rename"),
    ("select i, count(*) from t group by all", "group by all"),
    ("select i from t order by all", "all"),
    ("select 1 as a union all by name select 2 as a", "union all by name"),
    ("select 1 as a union by name select 2 as a", "union by name"),
    ("select i from t limit 10%", "10%"),
    ("select i from t limit 10 percent", "10 percent"),
    ("select i from t fetch first 10 percent rows only", "10 percent"),
    ("select i from t limit 1 with ties", "1 with ties"),
    ("select i from t fetch first 1 rows with ties", "rows with ties"),
    ("select distinct on (i) i, j from t", "select distinct on"),
    ("select s ilike 'A%' from t", "ilike"),
    ("select s not ilike 'A%' from t", "ilike"),
    ("select s ilike any ('A%') from t", "ilike"),
    ("select s from t where s rlike 'a'", "rlike"),
    ("select s from t where s glob 'a'", "glob"),
    ("select i isnull from t", "isnull"),
    ("select a.i from t a semi join t b on a.i = b.i", "semi join"),
    ("select a.i from t a left semi join t b on a.i = b.i", "semi join"),
    ("select a.i from t a anti join t b on a.i = b.i", "anti join"),
    ("select a.i from t a asof join t b on a.i >= b.i", "asof join"),
    ("select a.i from t a positional join t b", "positional join"),
    ("with recursive x as (select 1 as a union all select a + 1 from x where a < 3) select a from x",
     "with recursive"),
    ("with x as materialized (select 1 as a) select a from x", "as materialized ("),
    ("select count(distinct i) over () from t", "count"),
    ("select sum(distinct i) over (partition by j) from t", "sum"),
    ("select sum(i order by i) from t", "sum"),
    ("select upper(s) as s, count(*) from t group by s", "s"),
    ("select date_trunc('month', d) as d, count(*) from t group by d, i", "d"),
    ("select list_transform(array[1], x -> x + 1)", "->"),
    ("select s ->> 'a' from t", "->>"),
    ("select * from (from t)", "from"),
    ("select 1 union all from t", "from"),
    ("select from t", "select from"),
    ("select i from t using sample 10", "using sample"),
    ("select 2 ** 3", "**"),
    ("select 2 ^ 3", "^"),
    ("select 5 & 3", "&"),
    ("select 5 | 3", "|"),
    ("select 1 << 2", "<<"),
    ("select 4 >> 2", ">>"),
    ("select ~5", "~"),
    ("select 'a' !~ 'a'", "!"),
    ("select 1 == 1", "=="),
    ("select 1 <=> 1", "<=>"),
    ("select {'a': 1}", "{"),
    ("select struct {'a': 1}", "{"),
    ("select s[1:2] from t", ":"),
    ("select :a", ":"),
    ("select @a", "@"),
    ("select i as 'x' from t", "as 'x'"),
    ("select i from t for update", "for update"),
    ("select interval 1 day", "interval"),
    ("select interval '1 day'", "interval"),
    ("select sum(i) over (order by i rows between 1 preceding and current row exclude ties) from t",
     "row exclude"),
    ("select sum(i) over (order by i groups between 1 preceding and current row) from t", "groups between"),
    ("select cast(1 as string)", "string"),
    ("select cast(1 as hugeint)", "hugeint"),
    ("select cast('x' as JSON)", "JSON"),
    ("select cast(coalesce(cast(i as int4), 1) as bigint) from t", "int4"),
]  # fmt: skip
MERGE = "merge into s.t as t using s.u as u on (t.a = u.a)"
UPDATES, INSERTS = "when matched then update set a = u.a", "when not matched then insert (a) values (u.a)"
CHANGES = [
    (f"{MERGE} when matched then delete", "when matched then delete"),
    (f"{MERGE} when matched and u.b = 1 then update set a = 1", "when matched and u.b = 1"),
    (f"{MERGE} when not matched and u.b = 1 then insert (a) values (1)", "when not matched and u.b ="),
    (f"{MERGE} when not matched by source then delete", "when not matched by source then delete"),
    (f"{MERGE} when matched then do nothing", "when matched then do"),
    (f"{MERGE} {INSERTS} {UPDATES}", "when matched then update"),
    (f"{MERGE} {UPDATES} {UPDATES}", "when matched then update"),
    (f"{MERGE} when matched then update set t.a = u.a", "t"),
    (
        "merge into s.t as t using s.u as u using (a) when matched then update set a = u.a",
        "when matched then update",
    ),
    ("insert s.t values (1)", "insert"),
    ("insert or replace into s.t values (1)", "insert or"),
    ("insert into s.t by name select 1 as a", "by name"),
    ("insert into s.t values (1) on conflict do nothing", "on conflict"),
    ("insert into s.t default values", "default values"),
    ("delete s.t where a = 1", "delete"),
    ("update s.t set (a, b) = (1, 2)", "set ("),
    ("update s.t as x set x.a = 1", "x"),
    ("create table s.t as from s.u", "from"),
    ("create view s.v as select a::int from s.t", "::"),
    ("explain plan for select a::int from s.t", "::"),
]  # fmt: skip


REFUSED = [*QUERIES, *CHANGES]


@pytest.mark.parametrize(("sql", "shown"), REFUSED, ids=[sql for sql, _ in REFUSED])
def test_foreign_syntax_is_refused_as_it_was_written(sql: str, shown: str) -> None:
    assert f'Encountered "{shown}" at line 1, column ' in refusal(sql)


@pytest.mark.parametrize(
    ("sql", "place"),
    [
        ("select i::varchar from t", "line 1, column 9"),
        ("create view s.v as\n  select a,\n  from s.t", "line 2, column 11"),
        (f"{MERGE}\n{INSERTS}\n{UPDATES}", "line 3, column 1"),
    ],
)
def test_a_refusal_says_where(sql: str, place: str) -> None:
    assert f"at {place}: " in refusal(sql)


@pytest.mark.parametrize(
    "sql",
    ["from t", "from t select i", "pivot t on s using sum(i)", "summarize t", "pragma database_list",
     "attach 'x'", "copy t to 'x'", "install httpfs", "set variable x = 1", "describe select 1", "call f()",
     "table t"],
)  # fmt: skip
def test_other_statements_are_refused_by_their_first_word(sql: str) -> None:
    word = sql.split()[1 if sql.startswith("describe") else 0]
    assert word.lower() in refusal(sql).lower()


ACCEPTED = [
    ("select count(*) * 2 - -1 from t", 3),
    ("select length('ab') * length(replace('1', '1', '333'))", 6),
    ("select t.*, i from t", 7),
    ("select distinct i from t order by i limit all", 7),
    ("select i from t limit 1 offset 0", 7),
    ("select i from t except select 2", 7),
    ("select i from t minus select 2", 7),
    ("select 1 as a union distinct select 1 as a", 1),
    ("select array[1, 2][0] from t", 1),
    ("select numbers[0] from t", 1),
    ("select ilike(s, 'A%') and not ilike(s, 'x') from t", True),
    ("select s from t where s like 'a%' escape '!'", "abc"),
    ("select count(distinct i), sum(i) over (order by i) from t group by i", 1),
    ("select upper(s) as s from t group by upper(s)", "ABC"),
    ("select t.s as s, count(*) from t group by s", "abc"),
    ("select upper(s) as big, count(*) from t group by big", "ABC"),
    ("select sum(i) filter (where i > 0) from t", 7),
    ("select i from t qualify row_number() over (order by i) = 1", 7),
    ("select 1 // a comment", 1),
    ("select i /* , from */ from t -- ::", 7),
    ("select /*+ no_reflections */ i from t", 7),
    ("select ',' || ' from' || '::' || '[1]'", ", from::[1]"),
    ('select ":: ," from (select 1 as ":: ,") as q', 1),
    ("select x from (select 1 as x, 2 as text, 3 as string) as q", 1),
    ("select cast((select 1 as text) as varchar)", "1"),
    ("select case when i in (1, 7) then 'a' else 'b' end from t", "a"),
    ("select trim(' a ')", "a"),
    ("select date '2025-01-31' + interval '1' day = date '2025-02-01'", True),
    ("select cast(1 as interval day) = interval '1' day", True),
    ("select a from (values (1), (2)) as v(a) order by a desc nulls last fetch next 1 rows only", 2),
    ("select 1 from t where 1 <> 2 and 1 != 2 and 5 % 2 = 1", 1),
]


@pytest.mark.parametrize(("sql", "value"), ACCEPTED, ids=[sql for sql, _ in ACCEPTED])
def test_what_looks_alike_and_is_dremios_is_answered(dremio: Any, sql: str, value: Any) -> None:
    assert dremio.rows(sql)[0][0] == value


@pytest.mark.parametrize(
    "sql",
    [
        f"{MERGE} {UPDATES} {INSERTS}",
        f"{MERGE} {INSERTS}",
        f"{MERGE} when matched then update set * when not matched then insert *",
        "merge into s.t as t using (select case when a = 1 then 2 end as a from s.u) as u on (t.a = u.a)"
        " when matched then update set a = case when u.a = 1 then 2 else 3 end"
        " when not matched then insert (a) values (case when u.a = 1 then 2 end)",
        "insert into s.t select a from s.u order by name",
        "insert into s.t (a) values (1), (2)",
        "delete from s.t where a = 1",
        "update s.t set a = 1, b = b + 1 where a in (select a from s.u)",
        "create view s.v (a, b) as select 1, 2",
    ],
)
def test_dremios_own_changes_pass(sql: str) -> None:
    assert is_admitted(sql)
