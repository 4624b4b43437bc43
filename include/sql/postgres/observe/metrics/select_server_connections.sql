-- What other users' sessions are and do is shown to members of pg_read_all_stats only.
select
    datname as database_name,
    coalesce(state, 'unknown') as state,
    count(*) as connections
from pg_stat_activity
where datname is not null and coalesce(backend_type, 'client backend') = 'client backend'
group by 1, 2
order by 1, 2;
