insert into dbt_run_history (
    run_id, project_name, started_at, completed_at, status, models_run, tests_run, metadata
) values (
    %(run_id)s, %(project_name)s, %(started_at)s, %(completed_at)s, %(status)s,
    %(models_run)s, %(tests_run)s, %(metadata)s
)
on conflict (run_id) do update set
    completed_at = excluded.completed_at,
    status = excluded.status,
    models_run = excluded.models_run,
    tests_run = excluded.tests_run,
    metadata = excluded.metadata;
