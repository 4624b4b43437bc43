-- Rows that a business date's jobs landed, whichever date claimed them, plus all other rows the date claimed.
select coalesce(sum(rows), 0)::bigint
from landing_files
where
    source = %(source)s
    and (business_date = %(business_date)s or job_id = any(%(job_ids)s))
