select extract(epoch from now() - max(tried_at))::double precision as age_seconds
from metric_sources;
