-- Every record of the dates that a task was started for lately, and of the dates asked for.
with recent as (
    select distinct business_date
    from night_receipts
    where started_at >= %(since)s
)

select
    business_date,
    stage,
    run_id,
    task_id,
    map_index,
    state,
    attempts,
    started_at,
    ended_at,
    emits_asset,
    report,
    error,
    log
from night_receipts
where
    business_date = any(cast(%(dates)s as date[]))
    or business_date in (select recent.business_date from recent)
order by
    business_date,
    started_at,
    stage,
    task_id,
    map_index
