select
    run_id,
    outcome,
    error,
    batches,
    started_at,
    ended_at,
    noticed_at
from stream_runs
where
    connection = %(connection)s
    and run_id <> %(run_id)s
    and ended_at is not null
order by ended_at desc
limit 1
