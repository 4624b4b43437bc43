-- What the chosen metrics say now is what they say of today, until they are gathered again.
with totals as (
    select
        metric,
        labels,
        total,
        observations
    from metric_totals
    where metric = any(%(metrics)s)
),

readings as (
    select
        metric,
        labels,
        source,
        value
    from metric_readings
    where metric = any(%(metrics)s)
)

insert into metric_days as kept (metric, labels, day, value, observations, buckets)
select
    totals.metric,
    totals.labels,
    (now() at time zone 'utc')::date as day,
    totals.total as value,
    totals.observations,
    coalesce(
        jsonb_object_agg(metric_buckets.bound, metric_buckets.observations)
        filter (where metric_buckets.bound is not null),
        '{}'
    ) as buckets
from totals
left join metric_buckets
    on
        totals.metric = metric_buckets.metric
        and totals.labels = metric_buckets.labels
group by totals.metric, totals.labels, totals.total, totals.observations
union all
select
    readings.metric,
    readings.labels,
    (now() at time zone 'utc')::date as day,
    max(readings.value) as value,
    0 as observations,
    '{}'::jsonb as buckets
from readings
inner join metric_sources on readings.source = metric_sources.source
where metric_sources.succeeded_at > now() - interval '15 minutes'
group by readings.metric, readings.labels
on conflict (metric, labels, day) do update set
    value = excluded.value,
    observations = excluded.observations,
    buckets = excluded.buckets
where (kept.value, kept.observations, kept.buckets)
is distinct from (excluded.value, excluded.observations, excluded.buckets)
