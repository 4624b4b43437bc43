-- What each task of each stage did for a business date; receipts (<date>.json) are rendered from it.
create table if not exists night_receipts (
    business_date date not null,
    stage text not null,
    run_id text not null,
    task_id text not null,
    map_index integer not null,
    state text not null,
    attempts integer not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    emits_asset boolean not null,
    report jsonb,
    error text,
    log text,
    primary key (business_date, stage, run_id, task_id, map_index)
);
