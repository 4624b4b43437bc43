insert into stream_tracers (tracer_id, source_committed_at, clock_offset_seconds, committed_at)
values (
    %(tracer_id)s,
    %(committed_at)s,
    %(clock_offset)s,
    (%(committed_at)s::timestamp - make_interval(secs => %(clock_offset)s)) at time zone 'UTC'
)
on conflict (tracer_id) do nothing
