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
