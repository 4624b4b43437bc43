{#- When the source's tables were emptied, by their place in its log. -#}
create table if not exists {{ table }} (
    stream_name varchar,
    lsn bigint,
    truncated_at timestamp
)
