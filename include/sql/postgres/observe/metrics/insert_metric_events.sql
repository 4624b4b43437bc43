insert into metric_events (metric, event_id, happened_at)
select
    told.metric,
    told.event_id,
    told.happened_at
from
    unnest(%(metrics)s::text[], %(event_ids)s::text[], %(moments)s::timestamptz[])
        as told (metric, event_id, happened_at)
left join metric_horizons on told.metric = metric_horizons.metric
where metric_horizons.happened_until is null or told.happened_at > metric_horizons.happened_until
order by told.metric, told.event_id
on conflict do nothing
returning metric, event_id;
