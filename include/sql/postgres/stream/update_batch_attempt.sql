update stream_batches set
    job_id = null,
    to_lsn = %(to_lsn)s,
    attempts = attempts + 1
where batch_id = %(batch_id)s
returning batch_id
