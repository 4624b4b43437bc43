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
