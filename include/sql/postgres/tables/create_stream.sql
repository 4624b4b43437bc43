-- The stream's micro-batches: a sync each, its landing objects and bronze files; and the loop that runs them.
create table if not exists stream_batches (
    batch_id bigint generated always as identity primary key,
    connection text not null,
    state text not null check (state in ('syncing', 'landed', 'bronze', 'merged')),
    -- UTC day of the batch's start, which its bronze files are kept under.
    day date not null,
    run_id text not null,
    job_id bigint,
    -- Positions of the source's log, in bytes: everything that was committed before to_lsn is merged with it.
    from_lsn bigint,
    to_lsn bigint,
    rows_landed bigint,
    attempts integer not null default 1,
    last_error text,
    started_at timestamptz not null default clock_timestamp(),
    landed_at timestamptz,
    bronze_at timestamptz,
    merged_at timestamptz
);

-- One batch in flight.
create unique index if not exists stream_batches_in_flight on stream_batches (connection)
where state <> 'merged';

create index if not exists stream_batches_by_day on stream_batches (connection, day);

create table if not exists stream_landing_files (
    s3_key text primary key,
    stream text not null,
    batch_id bigint not null,
    job_id bigint,
    rows bigint not null,
    bytes bigint not null,
    claimed_at timestamptz not null default clock_timestamp(),
    -- Since when retention lets nobody read the object.
    expired_at timestamptz
);

create index if not exists stream_landing_files_by_key on stream_landing_files (stream, s3_key collate "C");

create index if not exists stream_landing_files_by_batch on stream_landing_files (batch_id);

-- The account of each batch and stream: rows in = loaded + deduplicated + quarantined.
create table if not exists stream_loads (
    batch_id bigint not null,
    stream text not null,
    day date not null,
    state text not null check (state in ('loaded', 'rejected')),
    rows_in bigint not null,
    rows_loaded bigint not null,
    rows_deduplicated bigint not null,
    rows_quarantined bigint not null,
    landing_files integer not null,
    -- The file that holds the batch's rows: its own, or its hour's; null when no row was loaded.
    s3_key text,
    quarantine_key text,
    bytes bigint not null,
    truncated_at_lsn bigint,
    highest_lsn bigint,
    detail jsonb not null,
    loaded_at timestamptz not null default clock_timestamp(),
    primary key (batch_id, stream),
    constraint stream_loads_reconciled
    check (rows_in = rows_loaded + rows_deduplicated + rows_quarantined)
);

create index if not exists stream_loads_by_day on stream_loads (stream, day);

-- What the loop of a connection is doing now.
create table if not exists stream_loops (
    connection text primary key,
    state text not null,
    why text,
    run_id text not null,
    since timestamptz not null default clock_timestamp(),
    beaten_at timestamptz not null default clock_timestamp(),
    failing_chore text
);

-- Runs of the loop; one that failed makes the next one wait, unless somebody has taken notice.
create table if not exists stream_runs (
    run_id text primary key,
    connection text not null,
    outcome text,
    error text,
    batches bigint not null default 0,
    started_at timestamptz not null default clock_timestamp(),
    ended_at timestamptz,
    noticed_at timestamptz
);

-- Bronze files whose rows are in a joined file: to be deleted.
create table if not exists stream_leftovers (
    s3_key text primary key,
    since timestamptz not null default clock_timestamp()
);
