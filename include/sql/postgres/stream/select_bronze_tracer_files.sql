select s3_key from stream_loads
where batch_id = %(batch_id)s and stream = %(stream)s and s3_key is not null
