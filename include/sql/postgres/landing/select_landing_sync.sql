select
    job_id,
    jobs,
    rows_emitted
from landing_syncs
where
    source = %(source)s
    and business_date = %(business_date)s
