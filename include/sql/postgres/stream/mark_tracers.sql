-- What is seen at a hop has passed those before it. A tracer that nobody has noted yet is noted now.
with
moment as (
    select
        %(batch_id)s::bigint as batch_id,
        %(hop)s::text as hop,
        coalesce(%(at)s::timestamptz, clock_timestamp()) as seen_at,
        coalesce(max(tracing.clock_offset_seconds), 0) as clock_offset
    from stream_tracing as tracing
)

insert into stream_tracers as known (
    tracer_id, source_committed_at, clock_offset_seconds, committed_at, batch_id, landed_at, bronze_at, hot_at
)
select
    seen.tracer_id,
    seen.committed_at,
    moment.clock_offset,
    (seen.committed_at - make_interval(secs => moment.clock_offset)) at time zone 'UTC' as corrected_at,
    moment.batch_id,
    moment.seen_at as landed_at,
    case when moment.hop in ('bronze', 'hot') then moment.seen_at end as bronze_at,
    case when moment.hop = 'hot' then moment.seen_at end as hot_at
from unnest(%(tracer_ids)s::bigint[], %(committed)s::timestamp[]) as seen (tracer_id, committed_at)
cross join moment
on conflict (tracer_id) do update set
    batch_id = coalesce(known.batch_id, excluded.batch_id),
    landed_at = coalesce(known.landed_at, excluded.landed_at),
    bronze_at = coalesce(known.bronze_at, excluded.bronze_at),
    hot_at = coalesce(known.hot_at, excluded.hot_at),
    lost_at = null
