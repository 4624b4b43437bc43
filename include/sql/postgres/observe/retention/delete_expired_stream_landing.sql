delete from stream_landing_files
where
    s3_key = any(%(keys)s)
    and expired_at is not null
