-- The specification's run history (section 3): one row per dbt invocation that ran a model or test.
create table if not exists dbt_run_history (
    run_id uuid primary key,
    project_name varchar(255),
    started_at timestamp,
    completed_at timestamp,
    status varchar(50),
    models_run integer,
    tests_run integer,
    metadata jsonb
);
