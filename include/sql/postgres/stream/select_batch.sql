select
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
from stream_batches
where connection = %(connection)s and batch_id = %(batch_id)s
