update stream_batches set
    state = 'merged',
    last_error = null,
    merged_at = clock_timestamp()
where batch_id = %(batch_id)s
returning batch_id
