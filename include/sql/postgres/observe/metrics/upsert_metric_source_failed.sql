insert into metric_sources as known (source, tried_at, seconds, failures, error)
values (%(source)s, now(), %(seconds)s, 1, %(error)s)
on conflict (source) do update set
    tried_at = excluded.tried_at,
    seconds = excluded.seconds,
    failures = known.failures + 1,
    error = excluded.error;
