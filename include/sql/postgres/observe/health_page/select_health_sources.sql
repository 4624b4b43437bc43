-- When each of these sources of metrics was last read.
select
    source,
    succeeded_at,
    error
from metric_sources
order by source
