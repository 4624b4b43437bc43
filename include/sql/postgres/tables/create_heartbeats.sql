-- When each part that watches the others was last seen alive.
create table if not exists heartbeats (
    name text primary key,
    first_at timestamptz not null,
    beaten_at timestamptz not null
);
