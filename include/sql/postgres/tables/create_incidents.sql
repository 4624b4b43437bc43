-- One row per cause that somebody has to know of. What belongs to it is in incident_members.
create table if not exists incidents (
    incident_id bigint generated always as identity primary key,
    kind text not null,
    root text not null,
    business_date date,
    cause_group text,
    severity text not null,
    summary text not null,
    error text,
    command text,
    evidence jsonb not null,
    fingerprint text not null,
    opened_at timestamptz not null,
    updated_at timestamptz not null,
    occurrences integer not null,
    acknowledged_at timestamptz,
    acknowledged_by text,
    resolved_at timestamptz,
    fixed_by text
);
create index if not exists incidents_open on incidents (opened_at) where resolved_at is null;
create index if not exists incidents_by_end on incidents (resolved_at);
-- What was told and belongs to an incident: its causes, which must be fixed, and its effects, which pass.
create table if not exists incident_members (
    incident_id bigint not null references incidents on delete cascade,
    member_key text not null,
    kind text not null,
    root text not null,
    business_date date,
    is_cause boolean not null,
    may_follow boolean not null,
    cause_group text,
    fingerprint text not null,
    severity text not null,
    summary text not null,
    error text,
    command text,
    evidence jsonb not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    occurrences integer not null,
    fixed_at timestamptz,
    fixed_by text,
    primary key (incident_id, member_key)
);
create index if not exists incident_members_unfixed on incident_members (member_key) where fixed_at is null;
create index if not exists incident_members_by_end on incident_members (fixed_at);
-- Events that have been counted: whoever tells one again changes nothing.
create table if not exists incident_events (
    event_id text primary key,
    incident_id bigint not null references incidents on delete cascade,
    member_key text not null,
    told_at timestamptz not null
);
-- How often the same words were heard within half an hour.
create table if not exists incident_counts (
    incident_id bigint not null references incidents on delete cascade,
    fingerprint text not null,
    window_start timestamptz not null,
    occurrences integer not null,
    primary key (incident_id, fingerprint, window_start)
);
create index if not exists incident_events_told on incident_events (told_at);
