update stream_loads set s3_key = %(joined_key)s
where stream = %(stream)s and s3_key = any(%(keys)s)
