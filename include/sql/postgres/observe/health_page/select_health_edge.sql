select
    business_date,
    moved_at
from serving_edge
order by moved_at desc
limit 1
