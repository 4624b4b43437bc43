insert into landing_files (s3_key, source, stream, business_date, job_id, rows, bytes)
values (%(s3_key)s, %(source)s, %(stream)s, %(business_date)s, %(job_id)s, %(rows)s, %(bytes)s)
