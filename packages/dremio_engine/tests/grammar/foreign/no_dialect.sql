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
