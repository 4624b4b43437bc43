update stream_runs set
    outcome = %(outcome)s,
    error = %(error)s,
    batches = batches + %(batches)s,
    ended_at = clock_timestamp()
where run_id = %(run_id)s
