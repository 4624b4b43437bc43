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
select e'a\n'
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
