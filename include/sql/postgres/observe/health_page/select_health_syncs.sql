-- The newest run of each task that syncs a connection. A task that has failed reports no connection: an
-- earlier run of it has.
with tasks as (
    select
        business_date,
        stage,
        run_id,
        task_id,
        state,
        attempts,
        started_at,
        ended_at,
        error,
        report,
        report #>> '{detail,connection}' as connection
    from night_receipts
    where
        stage = any(%(stages)s)
        and not emits_asset
        and business_date between %(night)s::date - 30 and %(night)s::date
),

known as (
    select distinct on (stage, task_id)
        stage,
        task_id,
        connection
    from tasks
    where connection is not null
    order by
        stage asc,
        task_id asc,
        started_at desc
)

select distinct on (tasks.stage, tasks.task_id)
    tasks.business_date,
    tasks.stage,
    tasks.run_id,
    tasks.task_id,
    tasks.state,
    tasks.attempts,
    tasks.started_at,
    tasks.ended_at,
    tasks.error,
    coalesce(tasks.connection, known.connection) as connection,
    (tasks.report ->> 'rows_out')::bigint as rows,
    (tasks.report ->> 'bytes')::bigint as bytes,
    (tasks.report #>> '{detail,reused}')::boolean as reused
from tasks
left join known on tasks.stage = known.stage and tasks.task_id = known.task_id
where known.connection is not null or tasks.report is null
order by
    tasks.stage asc,
    tasks.task_id asc,
    tasks.business_date desc,
    tasks.started_at desc
