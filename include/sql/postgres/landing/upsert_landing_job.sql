insert into landing_jobs (source, job_id, business_date)
values (%(source)s, %(job_id)s, %(business_date)s)
on conflict (source, job_id) do update set
    business_date = excluded.business_date,
    begun_at = now()
