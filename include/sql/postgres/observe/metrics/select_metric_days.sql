select
    metric,
    labels,
    day,
    value,
    observations,
    buckets
from metric_days
where
    metric = any(%(metrics)s)
    and day between %(first)s and %(last)s
order by
    metric,
    labels,
    day
