delete from stream_leftovers
where s3_key = any(%(keys)s)
