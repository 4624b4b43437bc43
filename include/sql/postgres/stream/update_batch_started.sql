update stream_batches set
    job_id = %(job_id)s,
    to_lsn = case when %(keeps_position)s then to_lsn end
where batch_id = %(batch_id)s
returning batch_id
