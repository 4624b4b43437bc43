select
    metric_totals.metric,
    metric_totals.labels,
    metric_totals.observations,
    metric_totals.total,
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
group by metric_totals.metric, metric_totals.labels
order by metric_totals.metric, metric_totals.labels;
