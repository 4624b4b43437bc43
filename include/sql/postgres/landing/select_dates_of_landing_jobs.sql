-- Which date's run started each of a source's latest jobs, while that run can still be active.
select
    job_id,
    business_date
from landing_jobs
where
    source = %(source)s
    and begun_at > now() - %(held_for)s
