-- The state of other users' sessions is shown to members of pg_read_all_stats only.
select
    coalesce(datname, '') as database_name,
    coalesce(state, 'unknown') as state,
    count(*) as connections
from pg_stat_activity
where backend_type = 'client backend'
group by 1, 2
order by 1, 2;
