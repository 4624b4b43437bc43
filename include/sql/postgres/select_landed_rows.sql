-- Rows that a business date's jobs landed, whoever holds them, and what else the date holds of the source.
select coalesce(sum(rows), 0)::bigint
from landing_files
where
    source = %(source)s
    and (business_date = %(business_date)s or job_id = any(%(job_ids)s))
