-- Does serving.orders show what a recomputation from bronze shows? One row per check.
create table if not exists seam_checks (
    check_id bigint generated always as identity primary key,
    checked_at timestamptz not null,
    -- The edge that was checked: gold has the business dates before it, and the source's log up to
    -- source_lsn.
    edge_date date,
    source_lsn bigint,
    -- The last batch that was merged.
    batch_id bigint,
    -- The first day that was compared; null: all of them.
    from_day date,
    outcome text not null check (outcome in ('equal', 'different', 'not_ready')),
    -- Why it was not ready, or what differs, in one sentence.
    reason text,
    orders bigint not null,
    differences bigint not null,
    seconds double precision not null
);

create index if not exists seam_checks_by_time on seam_checks (checked_at);

-- The days that a check found different.
create table if not exists seam_days (
    check_id bigint not null references seam_checks on delete cascade,
    order_date date not null,
    expected_orders bigint not null,
    shown_orders bigint not null,
    expected_completed bigint not null,
    shown_completed bigint not null,
    expected_revenue numeric(18, 2) not null,
    shown_revenue numeric(18, 2) not null,
    differences bigint not null,
    primary key (check_id, order_date)
);

-- Samples of what a check found different, by key.
create table if not exists seam_differences (
    check_id bigint not null references seam_checks on delete cascade,
    order_id bigint not null,
    order_date date,
    side text not null check (side in ('hot', 'cold', 'both')),
    kind text not null check (kind in ('missing', 'unexpected', 'changed', 'doubled')),
    -- {column: {"expected": .., "shown": ..}}
    detail jsonb not null,
    primary key (check_id, order_id)
);

-- What the stream had shown of a day that went cold, and the audited numbers that have replaced it.
create table if not exists seam_audits (
    edge_date date not null,
    order_date date not null,
    audited_at timestamptz not null,
    streamed_orders bigint not null,
    audited_orders bigint not null,
    streamed_revenue numeric(18, 2) not null,
    audited_revenue numeric(18, 2) not null,
    missed_by_the_stream bigint not null,
    missing_in_gold bigint not null,
    changed bigint not null,
    example_order_id bigint,
    primary key (edge_date, order_date)
);

-- The edges whose days have been audited, also those that no day with orders went cold with.
create table if not exists seam_audited_edges (
    edge_date date primary key,
    audited_at timestamptz not null
);
