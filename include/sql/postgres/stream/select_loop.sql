select
    state,
    why,
    run_id,
    since,
    beaten_at,
    failing_chore,
    clock_timestamp() as read_at
from stream_loops
where connection = %(connection)s
