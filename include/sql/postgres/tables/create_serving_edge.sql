-- The edge between hot and cold, one row per move, and what it follows from.
create table if not exists serving_edge (
    moved_at timestamptz primary key default clock_timestamp(),
    -- Orders of this date and later are shown from hot.
    business_date date not null,
    -- Changes after this position of the source's log, in bytes, are shown from hot.
    source_lsn bigint not null
);

-- Where the source's log was before a night's sync began: the sync has seen every change up to there.
create table if not exists source_positions (
    source text not null,
    job_id text not null,
    business_date date not null,
    lsn bigint not null,
    recorded_at timestamptz not null default clock_timestamp(),
    primary key (source, job_id)
);

-- What a date had claimed when gold was seen to have all of it: a replay does not take that back.
create table if not exists published_claims (
    source text not null,
    business_date date not null,
    claimed_at timestamptz not null,
    published_at timestamptz not null,
    primary key (source, business_date, claimed_at)
);
