-- At the source, in one transaction: a new tracer, and a few old ones go. The chart has shown those; their deletion
-- reaches the lake like any other change.
with gone as (
    delete from public.stream_tracer
    where tracer_id in (
        select tracer_id from public.stream_tracer
        where
            tracer_id < %(keep_from)s
            and committed_at < clock_timestamp() at time zone 'UTC' - make_interval(secs => %(keep_seconds)s)
        order by tracer_id
        limit %(most)s
    )
)

insert into public.stream_tracer (note)
values ('lag')
returning tracer_id, committed_at
