-- The runs of stages, one row each: failed if a task has, done with the task that emits the stage's asset.
with runs as (
    select
        business_date,
        stage,
        run_id,
        case
            when bool_or(state = 'failed') then 'failed'
            when bool_or(emits_asset and state = 'success') then 'success'
            else 'running'
        end as state,
        min(started_at) as started_at,
        case
            when bool_or(state = 'failed') or bool_or(emits_asset and state = 'success') then max(ended_at)
        end as ended_at,
        max(attempts) as attempts,
        bool_or(state = 'up_for_retry') as retrying,
        coalesce(sum((report ->> 'rows_in')::bigint), 0)::bigint as rows_in,
        coalesce(sum((report ->> 'rows_out')::bigint), 0)::bigint as rows_out,
        coalesce(sum((report ->> 'rows_quarantined')::bigint), 0)::bigint as rows_quarantined
    from night_receipts
    where
        (%(business_date)s::date is null or business_date = %(business_date)s::date)
        and (%(stage)s::text is null or stage = %(stage)s::text)
    group by business_date, stage, run_id
)

select
    business_date,
    stage,
    run_id,
    state,
    started_at,
    ended_at,
    attempts,
    retrying,
    rows_in,
    rows_out,
    rows_quarantined
from runs
where %(since)s::timestamptz is null or started_at >= %(since)s::timestamptz
order by
    started_at,
    business_date,
    stage,
    run_id
