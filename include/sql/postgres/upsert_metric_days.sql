-- What the chosen metrics say now is what they say of today, until they are gathered again.
insert into metric_days as kept (metric, labels, day, value, observations, buckets)
select
    metric_totals.metric,
    metric_totals.labels,
    (now() at time zone 'utc')::date as day,
    metric_totals.total as value,
    metric_totals.observations,
    coalesce(
        jsonb_object_agg(metric_buckets.bound, metric_buckets.observations)
        filter (where metric_buckets.bound is not null),
        '{}'
    ) as buckets
from metric_totals
left join metric_buckets
    on
        metric_totals.metric = metric_buckets.metric
        and metric_totals.labels = metric_buckets.labels
where metric_totals.metric = any(%(metrics)s)
group by metric_totals.metric, metric_totals.labels
union all
select
    metric_readings.metric,
    metric_readings.labels,
    (now() at time zone 'utc')::date as day,
    max(metric_readings.value) as value,
    0 as observations,
    '{}'::jsonb as buckets
from metric_readings
inner join metric_sources on metric_readings.source = metric_sources.source
where
    metric_readings.metric = any(%(metrics)s)
    and metric_sources.succeeded_at > now() - interval '15 minutes'
group by metric_readings.metric, metric_readings.labels
on conflict (metric, labels, day) do update set
    value = excluded.value,
    observations = excluded.observations,
    buckets = excluded.buckets
where (kept.value, kept.observations, kept.buckets)
    is distinct from (excluded.value, excluded.observations, excluded.buckets);
