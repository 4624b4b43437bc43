insert into metric_sources as known (source, position, tried_at, succeeded_at, seconds)
values (%(source)s, %(position)s, now(), now(), %(seconds)s)
on conflict (source) do update set
    position = excluded.position,
    tried_at = excluded.tried_at,
    succeeded_at = excluded.succeeded_at,
    seconds = excluded.seconds,
    error = null;
