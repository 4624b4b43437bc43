-- The reconciliation of each bronze partition: rows in = loaded + deduplicated + quarantined.
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
