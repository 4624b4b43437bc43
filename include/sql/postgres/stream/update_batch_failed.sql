update stream_batches set
    last_error = %(error)s,
    attempts = attempts + 1
where batch_id = %(batch_id)s
returning batch_id
