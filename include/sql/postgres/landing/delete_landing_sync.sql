-- The date has had no sync; what its jobs committed is answered for by the date that claims it next.
with released as (
    delete from landing_syncs
    where
        source = %(source)s
        and business_date = %(business_date)s
    returning source, jobs
)

insert into landing_daytime_syncs (source, job_id, rows_emitted)
select
    released.source,
    job.key as job_id,
    job.value::bigint as rows_emitted
from released, jsonb_each_text(released.jobs) as job
where job.value::bigint > 0
on conflict (source, job_id) do update set business_date = null
