select
    business_date,
    source_lsn,
    moved_at
from serving_edge
order by moved_at desc
limit 1
