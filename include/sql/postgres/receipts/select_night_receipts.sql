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
where business_date = any(%(dates)s)
order by
    started_at,
    stage,
    task_id,
    map_index
