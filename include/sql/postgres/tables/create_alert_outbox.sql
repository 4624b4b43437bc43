-- Messages to people. A message is written with what it tells, and leaves when the notifier takes it.
create table if not exists alert_outbox (
    notice_id bigint generated always as identity primary key,
    notice_key text not null unique,
    topic text not null,
    incident_id bigint,
    fingerprint text,
    severity text not null,
    title text not null,
    body text not null,
    created_at timestamptz not null,
    not_before timestamptz not null,
    attempts integer not null default 0,
    leased_until timestamptz,
    delivered_at timestamptz,
    delivery text,
    dropped_at timestamptz,
    last_error text,
    taken_by text[] not null default '{}'
);
create index if not exists alert_outbox_waiting on alert_outbox (not_before)
where delivered_at is null and dropped_at is null;
create index if not exists alert_outbox_delivered on alert_outbox (delivered_at);
create index if not exists alert_outbox_by_fingerprint on alert_outbox (fingerprint, created_at);
