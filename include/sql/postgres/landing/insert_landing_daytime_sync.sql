insert into landing_daytime_syncs (source, job_id, rows_emitted)
values (%(source)s, %(job_id)s, %(rows_emitted)s)
on conflict (source, job_id) do nothing
