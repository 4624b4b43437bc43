insert into stream_runs (run_id, connection)
values (%(run_id)s, %(connection)s)
on conflict (run_id) do update set
    outcome = null,
    error = null,
    ended_at = null
