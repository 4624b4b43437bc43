-- Dashboards that a stage has warmed lately: what the next reader waits is proven by the slowest hit.
select
    business_date,
    stage,
    run_id,
    task_id,
    map_index,
    ended_at,
    report -> 'detail' ->> 'dashboard' as dashboard,
    (report -> 'detail' ->> 'slowest_hit_ms')::double precision as slowest_hit_ms
from night_receipts
where
    state = 'success'
    and ended_at is not null
    and report -> 'detail' ? 'slowest_hit_ms'
order by ended_at desc
limit 500;
