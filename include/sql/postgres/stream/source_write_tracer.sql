-- At the source, in one transaction: a new tracer comes, and a few old ones go, which the chart has shown.
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
