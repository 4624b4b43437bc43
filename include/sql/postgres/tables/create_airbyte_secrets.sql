-- What was last sent to Airbyte of each secret, which it shows as asterisks: a salted hash of it (scrypt).
create table if not exists airbyte_secrets (
    thing_id text not null,
    path text not null,
    salt text not null,
    digest text not null,
    sent_at timestamptz not null default now(),
    primary key (thing_id, path)
);
