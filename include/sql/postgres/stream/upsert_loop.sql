insert into stream_loops (connection, state, why, run_id, failing_chore)
values (%(connection)s, %(state)s, %(why)s, %(run_id)s, %(failing_chore)s)
on conflict (connection) do update set
    state = excluded.state,
    why = excluded.why,
    run_id = excluded.run_id,
    failing_chore = excluded.failing_chore,
    since = case
        when stream_loops.state = excluded.state and stream_loops.run_id = excluded.run_id
            then stream_loops.since
        else clock_timestamp()
    end,
    beaten_at = clock_timestamp()
