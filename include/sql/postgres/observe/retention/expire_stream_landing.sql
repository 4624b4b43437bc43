update stream_landing_files
set expired_at = now()
where
    s3_key = any(%(keys)s)
    and expired_at is null
