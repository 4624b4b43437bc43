select
    job_id,
    (rows_told ->> %(stream)s)::bigint as rows_told
from landing_syncs
where
    source = %(source)s
    and business_date = %(business_date)s
    and rows_told ->> %(stream)s is not null
