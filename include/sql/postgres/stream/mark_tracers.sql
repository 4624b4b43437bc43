-- What is seen at a hop has passed those before it. A tracer that nobody noted is noted now: whoever committed it died.
insert into stream_tracers as known (
    tracer_id,
    source_committed_at,
    clock_offset_seconds,
    committed_at,
    batch_id,
    landed_at,
    bronze_at,
    hot_at
)
select
    seen.tracer_id,
    seen.committed_at,
    clocks.clock_offset,
    (seen.committed_at - make_interval(secs => clocks.clock_offset)) at time zone 'UTC',
    %(batch_id)s::bigint,
    moment.at,
    case when %(hop)s in ('bronze', 'hot') then moment.at end,
    case when %(hop)s = 'hot' then moment.at end
from
    unnest(%(tracer_ids)s::bigint [], %(committed)s::timestamp []) as seen (tracer_id, committed_at)
cross join (select coalesce(%(at)s::timestamptz, clock_timestamp()) as at) as moment
cross join (
    select coalesce((select clock_offset_seconds from stream_tracing), 0) as clock_offset
) as clocks
on conflict (tracer_id) do update set
batch_id = coalesce(known.batch_id, excluded.batch_id),
landed_at = coalesce(known.landed_at, excluded.landed_at),
bronze_at = coalesce(known.bronze_at, excluded.bronze_at),
hot_at = coalesce(known.hot_at, excluded.hot_at),
lost_at = null
