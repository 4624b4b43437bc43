-- How much each date's receipt holds, and when a task last wrote to it.
select
    business_date,
    count(*) as tasks,
    sum(pg_column_size(night_receipts.*))::bigint as bytes,
    max(greatest(started_at, ended_at)) as touched_at
from night_receipts
group by business_date
