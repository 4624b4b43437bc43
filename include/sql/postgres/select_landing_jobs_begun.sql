-- Whose run each of a source's latest jobs is, as long as that run may still be alive.
select
    job_id,
    business_date
from landing_jobs
where
    source = %(source)s
    and begun_at > now() - %(held_for)s
