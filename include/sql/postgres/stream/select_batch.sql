-- The batch of that number; or the newest one that is merged, or the one that is not.
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
where
    connection = %(connection)s
    and case
        when %(batch_id)s::bigint is not null then batch_id = %(batch_id)s::bigint
        else (state = 'merged') = %(merged)s
    end
order by batch_id desc
limit 1
