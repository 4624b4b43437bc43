update stream_runs set noticed_at = clock_timestamp()
where
    connection = %(connection)s
    and outcome = 'failed'
    and noticed_at is null
returning run_id
