insert into stream_lag_minutes (
    measured_at, hop, tracers_5m, p50_5m, p95_5m, p99_5m, tracers_1h, p50_1h, p95_1h, p99_1h
)
values (
    date_trunc('minute', clock_timestamp()),
    %(hop)s,
    %(tracers_5m)s,
    %(p50_5m)s,
    %(p95_5m)s,
    %(p99_5m)s,
    %(tracers_1h)s,
    %(p50_1h)s,
    %(p95_1h)s,
    %(p99_1h)s
)
on conflict (measured_at, hop) do update set
    tracers_5m = excluded.tracers_5m,
    p50_5m = excluded.p50_5m,
    p95_5m = excluded.p95_5m,
    p99_5m = excluded.p99_5m,
    tracers_1h = excluded.tracers_1h,
    p50_1h = excluded.p50_1h,
    p95_1h = excluded.p95_1h,
    p99_1h = excluded.p99_1h
