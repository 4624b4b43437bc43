-- Where the tracers are that the chart has not shown: each waits at the first hop that it has not passed.
with waiting as (
    select
        tracer_id,
        case
            when landed_at is null then 'landing'
            when bronze_at is null then 'bronze'
            when hot_at is null then 'hot'
            else 'chart'
        end as hop,
        coalesce(hot_at, bronze_at, landed_at, committed_at) as since
    from stream_tracers
    where charted_at is null and lost_at is null
)

select
    hop,
    count(*) as tracers,
    min(since) as since,
    greatest(
        0, extract(epoch from coalesce(%(now)s::timestamptz, statement_timestamp()) - min(since))
    )::float8 as seconds,
    min(tracer_id) as tracer_id
from waiting
group by hop
