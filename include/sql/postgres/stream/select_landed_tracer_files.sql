select s3_key from stream_landing_files
where batch_id = %(batch_id)s and stream = %(stream)s
order by s3_key
