-- What metrics count. Totals are never deleted and never reduced, so that no counter goes back.
create table if not exists metric_totals (
    metric text not null,
    labels jsonb not null,
    observations bigint not null default 0,
    total double precision not null default 0,
    primary key (metric, labels)
);

-- Observations by the upper bound of their bucket; not cumulative, so that bounds may change.
create table if not exists metric_buckets (
    metric text not null,
    labels jsonb not null,
    bound text not null,
    observations bigint not null,
    primary key (metric, labels, bound)
);

-- Which events have been counted; may be pruned, see metric_horizons.
create table if not exists metric_events (
    metric text not null,
    event_id text not null,
    happened_at timestamptz not null,
    seen_at timestamptz not null default clock_timestamp(),
    primary key (metric, event_id)
);

create index if not exists metric_events_by_age on metric_events (seen_at);

-- Events up to here have been pruned: one that is told again is old, not new.
create table if not exists metric_horizons (
    metric text primary key,
    happened_until timestamptz not null
);

-- The values that each label has; those that find no room become one value, `other`.
create table if not exists metric_label_values (
    metric text not null,
    label text not null,
    value text not null,
    primary key (metric, label, value)
);

-- Values as they were when their source was last read.
create table if not exists metric_readings (
    metric text not null,
    labels jsonb not null,
    source text not null,
    value double precision not null,
    primary key (metric, labels, source)
);

-- Each source: where its next look begins, and how the last one went.
create table if not exists metric_sources (
    source text primary key,
    position jsonb not null default '{}',
    tried_at timestamptz not null,
    succeeded_at timestamptz,
    seconds double precision not null,
    failures bigint not null default 0,
    error text
);
