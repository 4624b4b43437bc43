select
    source,
    position,
    error,
    failures,
    seconds,
    extract(epoch from now() - succeeded_at)::double precision as age_seconds
from metric_sources
order by source;
