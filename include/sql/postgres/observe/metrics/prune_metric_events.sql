-- The horizon is the newest of what is deleted, never the clock's: a clock that was wrong for a day must not
-- make events old that have not happened yet.
with pruned as (
    delete from metric_events
    where seen_at < now() - %(keep)s::interval
    returning metric, happened_at
)

insert into metric_horizons as known (metric, happened_until)
select
    metric,
    max(happened_at) as happened_until
from pruned
group by metric
on conflict (metric) do update set
    happened_until = greatest(known.happened_until, excluded.happened_until);
