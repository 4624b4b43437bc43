-- Some metrics as they stood when they were last gathered on a day (UTC): what growth is told from.
create table if not exists metric_days (
    metric text not null,
    labels jsonb not null,
    day date not null,
    value double precision not null,
    observations bigint not null,
    buckets jsonb not null,
    primary key (metric, labels, day)
);
