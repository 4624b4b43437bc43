update stream_batches set
    state = 'landed',
    rows_landed = %(rows_landed)s,
    landed_at = clock_timestamp()
where batch_id = %(batch_id)s
returning batch_id
