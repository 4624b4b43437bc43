select s3_key from stream_leftovers
order by s3_key
