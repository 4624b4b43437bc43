select max(s3_key collate "C") as s3_key from stream_landing_files
where stream = %(stream)s
