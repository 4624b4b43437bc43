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
