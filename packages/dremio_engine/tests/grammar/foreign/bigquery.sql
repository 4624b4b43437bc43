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
