select s3_key from stream_landing_files
where stream = %(stream)s and s3_key > %(after)s collate "C"
