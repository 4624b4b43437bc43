"""One-liners of other dialects. Dremio refuses each; so does Calcite, or SEMANTIC says why it does not."""

SPARK_AND_HIVE = """
select cast(a as string) from t lateral view explode(b) x as y
select a from t sort by a
select a from t distribute by a
select a from t cluster by a
insert overwrite table t select 1
insert overwrite t select 1
select transform(a, x -> x + 1) from t
select filter(a, x -> x > 1) from t
select map('a', 1)['a'] from t lateral view outer explode(m) e
select a rlike 'x' from t
select a from t tablesample (10 percent)
select a from t tablesample (5 rows)
select a <=> b from t
select a from t limit all offset 1 rows only
select /*+ broadcast(t) */ a from t left semi join u on t.a = u.a
select a from t left anti join u on t.a = u.a
select interval 1 day
select interval 1 day 2 hours
select date_add(d, interval 1 day) from t
select a.b::int from t
select struct(1 as a, 'x' as b)
select named_struct('a', 1).* from t limit 1 by a
select a from t where a = any(array(1, 2)) lateral view explode(a) b
from t select a
from t insert into u select a
select * except (a) from t
cache table t
refresh table t
describe extended t
msck repair table t
select a from values (1), (2) as v(a)
select a from t version as of 1
select a from t timestamp as of '2025-01-01'
select a from delta.`/x`
select `a` from t
select a div b from t
select first(a ignore nulls) from t
select !a from t
select a == b from t
select 1L as x where a
"""
BIGQUERY = """
select * except (a, b) from t
select * replace (a + 1 as a) from t
select as struct a from t
select as value a from t
select array<int64>[1, 2]
select [1, 2, 3]
select struct<a int64>(1)
select a from `p.d.t`
select a[offset(0)] from t
select cast(a as int64) from t
select cast(a as float64) from t
select cast(a as bytes) from t
select safe_cast(a as int64) from t
select a from t, unnest(b) as c with offset as o
select a from unnest([1, 2]) as a
select countif(a > 1) from t group by all
select @x from t
select @@error from t
select a, from t
select date_diff(a, b, day) from t
select date_trunc(d, month) from t
select timestamp_sub(d, interval 1 day) from t
select a from t for system_time as of current_timestamp() - interval 1 day
select r'a' from t
select b'a' from t
select a from t union distinct by name select b from u
select a from t |> where a = 1
create temp function f(x int64) as (x)
merge t using u on t.a = u.a when not matched by source then delete
merge into t using u on false when not matched then insert row
select a from t pivot (sum(b) for c in ('x') as d)
select if(a, b, c) from t
select any_value(a having max b) from t
select array_agg(a order by b limit 1) from t
select string_agg(distinct a, ',' order by a) from t
select a.* except (b) from t a
select a from t qualify
"""
SNOWFLAKE = """
select a:b from t
select a:b.c::string from t
select a['b']:c from t
select $1, $2 from t
select t.$1 from t
select top 10 a from t
select * exclude a from t
select * rename (a as b) from t
select * ilike '%a%' from t
select a from t sample (10)
select a from t sample row (10)
select a from @stage
select a from table(flatten(input => t.a)) f, lateral flatten(t.b)
select a from t, lateral flatten(input => t.b)
select a from t at (timestamp => '2025-01-01'::timestamp)
select a from t before (statement => 'x')
select a from t changes (information => default) at (offset => -60)
select a from t asof join u match_condition (t.a >= u.a)
select a from t minus all by name select b from u
select a ilike any ('x', 'y') from t
select a regexp 'x' from t
select a::number(10, 2) from t
select try_cast(a as number) from t
select cast(a as number) from t
select cast(a as variant) from t
select cast(a as timestamp_ntz) from t
select iff(a, b, c) from t group by all
select object_construct(*) from t:x
select {'a': 1}
select [1, 2]
select listagg(a, ',') within group (order by b) over (partition by c) from t limit 10 percent
select connect_by_root a from t start with a = 1 connect by prior a = b
select a from t connect by a = prior b
select a from identifier('t')
select seq4() from table(generator(rowcount => 10)) g union by name select 1
insert all into t into u select 1
insert overwrite into t select 1
create or replace transient table t as select 1
select a from t order by all
select a from (values 1, 2) from t
select count_if(a) filter from t
select a from t match_recognize (pattern (a b) define a as a > 1) of x
"""
POSTGRES = """
select a::int from t
select '1'::int
select cast(a as text) from t
select cast(a as int4) from t
select cast(a as float8) from t
select cast(a as timestamptz) from t
select cast(a as bytea) from t
select cast(a as jsonb) from t
select cast(a as int[]) from t
select cast(a as numeric(10, 2)[]) from t
select distinct on (a) a, b from t
select a from t where a ilike 'x'
select a from t where a ~ 'x'
select a from t where a ~* 'x'
select a from t where a !~ 'x'
select a from t where a !~* 'x'
select a from t where a ~~ 'x'
select a from t where a ^@ 'x'
select a -> 'b' from t
select a ->> 'b' from t
select a #> '{b}' from t
select a #>> '{b}' from t
select a @> b from t
select a <@ b from t
select a ?| b from t
select a ?& b from t
select a @? '$.b' from t
select a && b from t
select a || b || from t
select a # b from t
select a & b from t
select a | b from t
select ~a from t
select a << 1 from t
select a >> 1 from t
select |/ a from t
select ||/ a from t
select @ a from t
select a ! from t
select a ^ 2 from t
select a isnull from t where a notnull and b
select a[1:2] from t
select a[:2] from t
select array[[1, 2], [3]] [1:2] from t
select (a).b.* from t where (t).*::text = ''
select a from t for update
select a from t for share
select a from t for no key update skip locked
select a from only t
select a from t*
select a from t fetch first 5 rows with ties
select a from t limit 5 offset 5 fetch next row only
select a from t offset 5 limit 5
select e'a\\n'
select $$a$$
select $x$a$x$
select b'101'
select u&'d!0061t' uescape 1
select interval '1 day'
select interval '1' week
select interval '1 hour 2 minutes'
select interval '1 day' day to
select timestamp with time zone '2025-01-01 00:00:00+00'
select timestamptz '2025-01-01'
select a at time zone 'UTC' from t
select extract(dow from d), date_part('dow', d) from t at time zone 'UTC'
select a from t tablesample bernoulli (10 percent)
select a from generate_series(1, 10) as a
select generate_series(1, 10) as a from t with ordinality
select a from rows from (f(1), g(2)) as x
select a from t join lateral f(t.a) x on true
select string_agg(a, ',' order by a) from t
select array_agg(a order by b) filter (where a) over from t
select count(*) filter (a > 1) from t
select sum(a) over (order by b rows between 1 preceding and 1 following exclude current row) from t
select sum(a) over (order by b groups between 1 preceding and current row) from t
select a into u from t
select a from t union corresponding select b from u
with recursive x as (select 1) select * from x
with x as materialized (select 1) select * from x
with x as not materialized (select 1) select * from x
with x as (insert into t values (1) returning a) select * from x
with x as (select 1) search depth first by a set b select * from x
insert into t values (1) on conflict do nothing
insert into t values (1) returning a
insert into t default values
insert into t as x values (1)
insert into t (a) overriding system value values (1)
update t set (a, b) = (1, 2)
update t set a = 1 returning a
update only t set a = 1
delete from t returning a
delete from only t
delete from t where current of c
merge into t using u on t.a = u.a when matched then delete
merge into t using u on t.a = u.a when matched and u.b then update set a = 1
merge into t using u on t.a = u.a when matched then do nothing
copy t to '/x'
copy t from stdin
select a from t where a = any ('{1,2}'
select a from t where row(a, b) is distinct from of (1, 2)
select a from t where a is document
select a from t where a is normalized
select a from t where a between symmetric 1
table t limit 1
values (1), (2) returning 1
select all a, from t
select a as from t
select "a from t
select 'a from t
select a operator(pg_catalog.+) b from t
select a collate "C" from t
select current_catalog(), session_user() from t where
select grouping from t
select cast(a as varchar(10) collate "C") from t
select a from t window w as
select xmlelement(name a) from t
do 1
listen x
explain analyze select 1
explain (analyze) select 1
vacuum full t
lock table t
"""
DUCKDB = """
from t
from t select a
from t where a = 1
select a from t select b
select * exclude (a) from t
select * exclude a from t
select * replace (1 as a) from t
select * rename (a as b) from t
select t.* exclude (a) from t
select * like 'a%' from t
select * similar to 'a' from t
select columns('a') from t, from u
select columns(c -> c like 'a') from t
select columns(* exclude (a)) from t
select *columns('a') from t
select #1 from t
select a from t group by all
select a from t order by all
select a from t order by all desc
select a from t limit 10%
select a from t limit 10 percent
select a from t limit (select 1)
select a from t limit 5 + 5
select a from t limit '5'
select a from t using sample 10
select a from t using sample 10%
select a from t using sample reservoir(10 rows)
select a from t tablesample reservoir(10%)
select a from t semi join u using (a)
select a from t anti join u using (a)
select a from t asof join u on t.a >= u.a
select a from t asof left join u using (a)
select a from t positional join u
select a from t left semi join u using (a)
select a from t union by name select b from u
select a from t union all by name select b from u
select [1, 2]
select [x + 1 for x in a] from t
select [x for x in a if x > 1] from t
select {'a': 1, 'b': 2}
select map {'a': 1}
select map {1: 2}[1]
select a.b.c::int from t
select a[1:2] from t
select a[-1:] from t
select a[1:-:2] from t
select list_transform(a, x -> x + 1) from t
select list_transform(a, lambda x: x + 1) from t
select struct_pack(a := 1)
select f(a := 1) from t
select a ** 2 from t
select a == 1 from t
select a ^ 2 from t
select a !~~ 'x' from t
select a glob 'x' from t
select a not glob 'x' from t
select a from t where a in [1, 2]
select a from t where a in b
select a from t where a in 1
select a from t where a not in ()
select a, b, from t
select f(a, ) from t
select a from t group by a,
select a from t order by a,
select a from t where a in (1, 2, )
insert into t values (1, 2, )
insert into t by name select 1 as a
insert into t by position select 1 as a
insert or replace into t values (1)
insert or ignore into t values (1)
create or replace table t as from u
create table t as from u
create view v as from t
create macro f(x) as x + 1
create temp table t as select 1
create type x as enum ('a')
create sequence s
create index i on t (a)
select nextval('s'), from t
pivot t on a using sum(b)
unpivot t on a, b into name n value v
select a from (pivot t on a using sum(b))
select a from t unpivot (b for c in (d as 'x', e))  of
summarize t
describe select 1
show all tables from x y
pragma table_info('t')
attach 'x.db' as x
detach x
use x
install httpfs
load httpfs
call f()
checkpoint
set x = 1
reset x
export database 'x'
copy t to 'x.parquet' (format parquet)
copy (select 1) to 'x'
select a from 'x.parquet'
select a from read_parquet('x')
select a from read_csv('x', header = true)
select a from range(10) r
select a from t, range(3) r(i)
select a from unnest([1, 2]) as u(a)
select unnest([1, 2])
select unnest(a) from t
select a from t as x: b
select b: a from t
select 1 as a, a + 1 as b, from t
select a as 'x' from t
select a 'x' from t where b
select 0x1F::int
select 1_000::int
select 1e3::int
select @x from t
select ?1 from t
select $a from t limit $b
select a from t qualify row_number() over () = 1 where a
select sum(a) over (partition by b order by all) from t
select sum(a order by b) over () from t,
select sum(distinct a order by b) from t group by all
select first_value(a ignore nulls) over (order by b) from t
select lag(a, 1 ignore nulls) over (order by b) from t
select list(a order by b) from t
select max(a, 2) from t group by all
select arg_max(a, b) filter (b > 1) from t
select sum(a) over w from t window w as (partition by b),
select a from t where a is distinct b
select try_cast(a as int) from t
select cast(a as hugeint) from t
select cast(a as uinteger) from t
select cast(a as utinyint) from t
select cast(a as tinyint) from t
select cast(a as smallint) from t
select cast(a as real) from t
select cast(a as double[]) from t
select cast(a as struct(x int)) . from t
select cast(a as map(int, int)) [ from t
select cast(a as decimal(38, 2, 1)) from t
select cast(a as blob) from t
select cast(a as bool) from t
select cast(a as datetime) from t
select cast(a as uuid) from t
select cast(a as json) from t
select cast(a as enum('a')) from t
select cast(a as bit) from t
select cast(a as time with time zone) from t
select cast(a as timestamp with time zone) from t
select cast(a as timestamp_s) from t
select cast(a as interval) from t
select extract('year' from d) from t
select extract(isodow, d) from t
select date_part('year', d) d from t from u
select position('a', b) from t
select substring(a, 1, 2, 3) from t
select trim(a, 'x') from t
select trim(both 'x', a) from t
select overlay(a, 'b', 1) from t
select ceil(a, 2) from t
select floor(a, 2) from t
select timestampadd('day', 1, d) from t
select timestampdiff('day', d, d) from t
select timestampdiff(day, d) from t
select day(d) from t
select corr(a, b) from t
select date(d) from t
select time(d) from t
select timestamp(d) from t
select char(65)
select if(a, b, c) from t
select like(a, 'x') from t
select filter(a, b) from t
select row(a, b).x from t where row
select count(distinct *) from t
select (select 1, from t)
select (select)
select exists select 1
select not exists from t
select a from t where exists (a)
select case end from t
select case a end from t
select case when a end from t
select case when a then from t
select a from t join u
select a from t inner join u
select a from t left join u
select a from t right outer join u
select a from t full join u
select a from t join u join v on true
select a from t cross join u on true
select a from t cross join u using (a)
select a from t natural join u
select a from t natural left join u
select a from t join u using a
select a from t join u on
select a from t join u on true using (a)
select a from t outer join u on true
select a from (t)
select a from (t, u)
select a from t,
select a from , t
select a from t u v
select a from t as
select a from t as u.v
select a from t (a, b) c
select 1 where true
select 1 having true
select 1 group by 1
select 1 as a where a = 1
select a from t where
select a from t where a = 1 where b = 2
select a from t having b group by a
select a from t order by b where a
select a from t limit 1 order by b
select a from t limit 1, 2
select a from t limit 1 limit 2
select a from t order by a union select b from u
select a from t union union select b from u
select a from t union select
select a from t except by select b from u
select a from t intersect distinct all select b from u
select a union
(select a from t
select a from t)
select ((a) from t
with x as select 1 select * from x
with x as (select 1), select * from x
with x (select 1) select * from x
with x as (select 1)
with x as (select 1) insert into t select * from x
with x as (select 1) delete from t
select with x as (select 1) select 1
values
values ()
values (1) as t
values (1),
insert t values (1)
insert into t
insert into t values
insert into t (a values (1)
insert into t () values (1)
insert into t set a = 1
insert into t values (1) select 1
replace into t values (1)
upsert into t values (1)
update t
update t set
update t set a
update t set a =
update t set a = 1,
update t set t.a = 1
update t set a = 1 where
update t set a += 1
update from t set a = 1
update t, u set a = 1
delete t
delete t where a = 1
delete from
delete from t where
delete from t limit 1
delete from t, u
delete from t order by a
merge t using u on true when matched then update set a = 1
merge into t using u when matched then update set a = 1
merge into t using u on true
merge into t using u using (a) when matched then update set a = 1
merge into t using u on true when matched then update a = 1
merge into t using u on true when matched then update set t.a = 1
merge into t using u on true when not matched then insert select 1
merge into t using u on true when not matched then update set a = 1
merge into t using u on true when matched then insert values (1)
merge into t using u on true when not matched by target then insert values (1)
merge into t using u on true when matched then update set a = 1 when matched then delete
merge into t using u on true when not matched then insert values (1) when matched then update set a = 1
"""
FOREIGN = {
    dialect: [line for line in text.splitlines() if line]
    for dialect, text in {
        "Spark and Hive": SPARK_AND_HIVE,
        "BigQuery": BIGQUERY,
        "Snowflake": SNOWFLAKE,
        "PostgreSQL": POSTGRES,
        "DuckDB": DUCKDB,
    }.items()
}
# Calcite parses these; Dremio refuses them for their meaning, or they mean something else there.
SEMANTIC = {
    "a type that Dremio does not have is a name to Calcite's parser": (
        r"\bcast\(a as (string|text|int4|float8|timestamptz|bytea|jsonb|int64|float64|bytes|number|variant"
        r"|timestamp_ntz|hugeint|uinteger|utinyint|tinyint|smallint|real|blob|bool|datetime|uuid|json"
        r"|timestamp_s|bit)\b"
    ),
    "the validator refuses it (Calcite, SqlValidatorImpl)": (
        r" join u$| join u join |cross join u (on|using)|natural (left )?join|exists \(a\)|update set t\.a"
    ),
    "the word before JOIN is an alias to Calcite": r"\b(semi|anti|asof|positional)( left)? join",
    "a statement that Calcite has and Dremio does not": r"^(table t|upsert|call|set|reset)\b",
    "IF is reserved in Dremio (dremio-oss, sql-grammar, nonReservedKeyWord)": r"\bif\(a, b, c\)",
    "$1 is a name to Calcite": r"\$1",
    "what stands inside PIVOT is not asked": r"\bpivot \(.*\) as d\)",
}
