insert into source_positions (source, job_id, business_date, lsn)
values (%(source)s, %(job_id)s, %(business_date)s, %(lsn)s)
on conflict (source, job_id) do nothing
