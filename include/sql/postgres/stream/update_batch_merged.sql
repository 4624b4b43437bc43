update stream_batches set
    state = 'merged',
    last_error = null,
    merged_at = clock_timestamp()
where batch_id = %(batch_id)s
returning
    batch_id,
    state,
    day,
    run_id,
    job_id,
    from_lsn,
    to_lsn,
    rows_landed,
    attempts,
    last_error,
    started_at,
    landed_at,
    bronze_at,
    merged_at
