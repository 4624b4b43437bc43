insert into landing_syncs (
    source, business_date, job_id, jobs, rows_emitted, bytes, per_stream, rows_told
)
values (
    %(source)s, %(business_date)s, %(job_id)s, %(jobs)s, %(rows_emitted)s, %(bytes)s, %(per_stream)s,
    %(rows_told)s
)
on conflict (source, business_date) do update set
    job_id = excluded.job_id,
    jobs = excluded.jobs,
    rows_emitted = excluded.rows_emitted,
    bytes = excluded.bytes,
    per_stream = excluded.per_stream,
    rows_told = coalesce(excluded.rows_told, landing_syncs.rows_told),
    completed_at = now()
