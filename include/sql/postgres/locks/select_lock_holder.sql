-- Who holds an advisory lock: the name its connection gave.
with held as (
    select pid
    from pg_locks
    where
        locktype = 'advisory'
        and granted
        and classid::bigint = (hashtext(%(what)s)::bigint & 4294967295)
        and objid::bigint = (hashtext(%(name)s)::bigint & 4294967295)
)

select application_name
from pg_stat_activity
where pid in (select held.pid from held)
