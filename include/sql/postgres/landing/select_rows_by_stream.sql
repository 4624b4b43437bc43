-- Rows that a job landed, per stream, whichever date claimed them.
select
    stream,
    sum(rows)::bigint as rows
from landing_files
where
    source = %(source)s
    and job_id = %(job_id)s
group by stream
