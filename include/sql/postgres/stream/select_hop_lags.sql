-- Per hop and window: the tracers that passed it, and those that wait longer already than each of these.
-- Without the latter, a hop that stands still would look as good as before.
with
moment as (
    select coalesce(%(now)s::timestamptz, statement_timestamp()) as now
),

passages as (
    select
        hop.name as hop,
        hop.left_at,
        greatest(0, extract(epoch from coalesce(hop.left_at, moment.now) - hop.entered_at))::float8 as seconds
    from stream_tracers as tracer
    cross join moment
    cross join
        lateral (
            values
            ('landing', tracer.committed_at, tracer.landed_at),
            ('bronze', tracer.landed_at, tracer.bronze_at),
            ('hot', tracer.bronze_at, tracer.hot_at),
            ('chart', tracer.hot_at, tracer.charted_at),
            ('total', tracer.committed_at, tracer.charted_at)
        ) as hop (name, entered_at, left_at)
    where
        tracer.lost_at is null
        and (tracer.charted_at is null or tracer.charted_at > moment.now - interval '1 hour')
        and hop.entered_at is not null
),

windowed as (
    select
        windows.minutes,
        passages.hop,
        passages.left_at,
        passages.seconds,
        max(passages.seconds) filter (where passages.left_at is not null)
            over (partition by windows.minutes, passages.hop) as longest
    from passages
    cross join moment
    cross join (values (5), (60)) as windows (minutes)
    where
        passages.left_at is null
        or (
            passages.left_at > moment.now - make_interval(mins => windows.minutes)
            and passages.left_at <= moment.now
        )
)

select
    hop,
    minutes,
    count(*) as tracers,
    (percentile_disc(array[0.5, 0.95, 0.99]) within group (order by seconds))[1] as p50,
    (percentile_disc(array[0.5, 0.95, 0.99]) within group (order by seconds))[2] as p95,
    (percentile_disc(array[0.5, 0.95, 0.99]) within group (order by seconds))[3] as p99
from windowed
where left_at is not null or seconds > coalesce(longest, 0)
group by hop, minutes
