insert into stream_landing_files (s3_key, stream, batch_id, job_id, rows, bytes)
values (%(s3_key)s, %(stream)s, %(batch_id)s, %(job_id)s, %(rows)s, %(bytes)s)
