-- What Airbyte keeps in the platform database. airbyte_state is the specification's own table and stands in
-- the public schema; everything else has the schema airbyte to itself.
create table if not exists airbyte_state (
    connection_id uuid primary key,
    state jsonb not null,
    updated_at timestamp default now()
);

create schema if not exists airbyte;

create table if not exists airbyte.workspaces (
    workspace_id uuid primary key,
    name text not null
);

-- Declarative (low-code) sources: a name and a manifest.
create table if not exists airbyte.definitions (
    definition_id uuid primary key,
    workspace_id uuid not null references airbyte.workspaces,
    name text not null,
    manifest json not null, -- not jsonb: the order of a stream's columns is the manifest's
    version bigint not null default 1,
    deleted_at timestamptz
);

-- Sources and destinations.
create table if not exists airbyte.actors (
    actor_id uuid primary key,
    kind text not null check (kind in ('source', 'destination')),
    workspace_id uuid not null references airbyte.workspaces,
    name text not null,
    connector text not null,
    definition_id uuid not null,
    configuration jsonb not null,
    resource_allocation jsonb,
    created_at timestamptz not null default now(),
    deleted_at timestamptz
);

create table if not exists airbyte.connections (
    connection_id uuid primary key,
    workspace_id uuid not null references airbyte.workspaces,
    source_id uuid not null references airbyte.actors,
    destination_id uuid not null references airbyte.actors,
    name text not null,
    status text not null,
    streams jsonb not null,
    settings jsonb not null,
    generation_id bigint not null default 0,
    created_at timestamptz not null default now()
);

create table if not exists airbyte.jobs (
    job_id bigint generated always as identity primary key,
    connection_id uuid not null references airbyte.connections,
    job_type text not null,
    status text not null,
    cancel_requested boolean not null default false,
    created_at timestamptz not null default clock_timestamp(),
    started_at timestamptz,
    updated_at timestamptz not null default clock_timestamp(),
    ended_at timestamptz
);

-- One unfinished job per connection, whoever asks and however many ask at once: the API's 409.
create unique index if not exists one_active_job_per_connection
on airbyte.jobs (connection_id) where status in ('pending', 'running', 'incomplete');

create index if not exists jobs_by_connection on airbyte.jobs (connection_id, job_id);

create table if not exists airbyte.attempts (
    job_id bigint not null references airbyte.jobs,
    attempt_number integer not null,
    status text not null,
    created_at timestamptz not null default clock_timestamp(),
    updated_at timestamptz not null default clock_timestamp(),
    ended_at timestamptz,
    stream_stats jsonb not null default '{}',
    failure jsonb,
    primary key (job_id, attempt_number)
);

-- What a CDC attempt last saw of its replication slot; younger than the table.
alter table airbyte.attempts add column if not exists replication_slot jsonb;

-- Files a worker began to store: known before they appear, committed together with the state that covers them.
create table if not exists airbyte.files (
    s3_key text not null,
    job_id bigint not null references airbyte.jobs,
    attempt_number integer not null,
    stream text not null,
    committed boolean not null default false,
    primary key (job_id, s3_key)
);
