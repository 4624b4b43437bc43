update stream_batches set
    state = 'bronze',
    bronze_at = clock_timestamp()
where batch_id = %(batch_id)s
returning batch_id
