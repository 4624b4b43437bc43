-- The account of each bronze partition: rows in = loaded + deduplicated + quarantined.
create table if not exists bronze_loads (
    source text not null,
    stream text not null,
    business_date date not null,
    state text not null check (state in ('loaded', 'rejected')),
    rows_in bigint not null,
    rows_loaded bigint not null,
    rows_deduplicated bigint not null,
    rows_quarantined bigint not null,
    landing_files integer not null,
    bytes bigint not null,
    sha256 text,
    run_id text not null,
    loaded_at timestamptz not null default now(),
    primary key (source, stream, business_date),
    constraint bronze_loads_reconciled check (rows_in = rows_loaded + rows_deduplicated + rows_quarantined)
);

-- Why a partition holds fewer rows than its contract expects of a date.
alter table bronze_loads add column if not exists explanation text;

-- Partitions whose files are being replaced; a row that stays behind is from a load that died.
create table if not exists bronze_publications (
    source text not null,
    stream text not null,
    business_date date not null,
    begun_at timestamptz not null default now(),
    primary key (source, stream, business_date)
);

-- New columns that the contract does not list but allows, with the type they have in bronze.
create table if not exists bronze_new_columns (
    source text not null,
    stream text not null,
    column_name text not null,
    column_type text not null,
    first_date date not null,
    seen_at timestamptz not null default now(),
    primary key (source, stream, column_name)
);

-- The content of each partition when Dremio last listed its stream's files.
create table if not exists bronze_catalogued (
    source text not null,
    stream text not null,
    business_date date not null,
    sha256 text not null,
    catalogued_at timestamptz not null default now(),
    primary key (source, stream, business_date)
);

-- How the partition's data files are compressed: as a load writes them, or again by retention.
alter table bronze_loads add column if not exists compression text not null default 'snappy';

-- Rows that were dropped although they differ from the one that was kept, and nothing tells them apart.
alter table bronze_loads add column if not exists rows_tied bigint not null default 0;
alter table bronze_loads add column if not exists tie_examples text not null default '';

-- Of a stream that brings the whole list each time: the date's last list had no row.
alter table bronze_loads add column if not exists list_is_empty boolean not null default false;
