-- When the dashboards of a night will be warm: the newest forecast of each date, and the first one.
create table if not exists night_eta (
    business_date date primary key,
    made_at timestamptz not null,
    state text not null,
    at_work text not null,
    deadline timestamptz,
    p05 timestamptz,
    p50 timestamptz,
    p95 timestamptz,
    p_miss double precision,
    nights_learnt integer not null,
    stage_ends jsonb not null,
    first_made_at timestamptz not null,
    first_p05 timestamptz,
    first_p50 timestamptz,
    first_p95 timestamptz,
    paged_at timestamptz,
    paged_root text
);
