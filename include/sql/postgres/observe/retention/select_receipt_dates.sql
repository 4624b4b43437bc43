-- How much each date's receipt holds, and when a task last wrote to it.
select
    business_date,
    count(*) as tasks,
    sum(coalesce(pg_column_size(report), 0) + coalesce(pg_column_size(error), 0) + 200)::bigint as bytes,
    max(greatest(started_at, ended_at)) as touched_at
from night_receipts
group by business_date
