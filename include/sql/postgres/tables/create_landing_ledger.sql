-- Which landing objects belong to which business date, which syncs a date has had, and which jobs it started.
create table if not exists landing_files (
    s3_key text primary key,
    source text not null,
    stream text not null,
    business_date date not null,
    job_id text not null,
    rows bigint not null,
    bytes bigint not null,
    claimed_at timestamptz not null default now()
);

create index if not exists landing_files_by_date on landing_files (source, stream, business_date);

create table if not exists landing_syncs (
    source text not null,
    business_date date not null,
    job_id text not null,
    jobs jsonb not null,
    rows_emitted bigint not null,
    bytes bigint not null,
    per_stream jsonb not null,
    completed_at timestamptz not null default now(),
    primary key (source, business_date)
);

create table if not exists landing_jobs (
    source text not null,
    job_id text not null,
    business_date date not null,
    begun_at timestamptz not null default now(),
    primary key (source, job_id)
);

-- Syncs that ended between two nights, and the date that claimed what they committed.
create table if not exists landing_daytime_syncs (
    source text not null,
    job_id text not null,
    rows_emitted bigint not null,
    business_date date,
    ended_at timestamptz not null default now(),
    primary key (source, job_id)
);

-- When the date first claimed something; it never changes, so neither does the order of two dates.
alter table landing_syncs add column if not exists first_completed_at timestamptz;
update landing_syncs set first_completed_at = completed_at
where first_completed_at is null;
alter table landing_syncs alter column first_completed_at set default now();

-- Since when retention lets nobody read the object: it is deleted next, or is deleted already.
alter table landing_files add column if not exists expired_at timestamptz;

-- Rows that the date's last sync says it committed of each stream; of an empty list 0.
alter table landing_syncs add column if not exists rows_told jsonb;
