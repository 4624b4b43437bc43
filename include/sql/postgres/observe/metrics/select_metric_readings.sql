select
    metric_readings.metric,
    metric_readings.labels,
    metric_readings.source,
    metric_readings.value,
    extract(epoch from now() - metric_sources.succeeded_at)::double precision as age_seconds
from metric_readings
inner join metric_sources on metric_readings.source = metric_sources.source
order by metric_readings.metric, metric_readings.labels, metric_readings.source;
