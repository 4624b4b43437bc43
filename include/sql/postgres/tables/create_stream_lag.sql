-- One row per tracer: a row that is committed at the source to see how long it takes from there. Times are by
-- this database's clock; only source_committed_at is by the source's own.
create table if not exists stream_tracers (
    tracer_id bigint primary key,
    source_committed_at timestamp not null,
    clock_offset_seconds double precision not null,
    committed_at timestamptz not null,
    batch_id bigint,
    landed_at timestamptz,
    bronze_at timestamptz,
    hot_at timestamptz,
    charted_at timestamptz,
    charted_number bigint unique,
    lost_at timestamptz
);

create index if not exists stream_tracers_unseen on stream_tracers (tracer_id) where charted_at is null;
create index if not exists stream_tracers_charted on stream_tracers (charted_at);
create index if not exists stream_tracers_committed on stream_tracers (committed_at);

-- In which order the chart showed them: metrics go on from the last one they counted.
create sequence if not exists stream_tracers_charted_number;

-- How the measurement itself is doing: is it on, how far apart are the clocks, and what is in its way.
create table if not exists stream_tracing (
    only_row boolean primary key check (only_row),
    running boolean not null,
    paused boolean not null,
    changed_at timestamptz not null,
    beaten_at timestamptz not null,
    every_seconds double precision not null,
    clock_offset_seconds double precision,
    clock_error_seconds double precision,
    source_problem text,
    chart_problem text
);

-- The lag of each hop, minute by minute; seconds over the five minutes and over the hour before.
create table if not exists stream_lag_minutes (
    measured_at timestamptz not null,
    hop text not null,
    tracers_5m integer not null,
    p50_5m double precision,
    p95_5m double precision,
    p99_5m double precision,
    tracers_1h integer not null,
    p50_1h double precision,
    p95_1h double precision,
    p99_1h double precision,
    primary key (measured_at, hop)
);
