-- One row: how far the chart is behind, and how the measurement is doing.
with
moment as (
    select coalesce(%(now)s::timestamptz, statement_timestamp()) as now
),

unseen as (
    select min(committed_at) as oldest from stream_tracers
    where charted_at is null and lost_at is null
),

newest_seen as (
    select
        tracer_id,
        committed_at,
        charted_at
    from stream_tracers
    where charted_at is not null
    order by committed_at desc
    limit 1
),

newest as (
    select max(committed_at) as committed_at from stream_tracers
),

lost as (
    select count(*) as tracers
    from stream_tracers
    cross join moment
    where stream_tracers.lost_at > moment.now - interval '1 day'
)

select
    newest_seen.tracer_id,
    newest_seen.committed_at,
    newest_seen.charted_at,
    lost.tracers as lost,
    tracing.running,
    tracing.paused,
    tracing.changed_at,
    tracing.every_seconds,
    tracing.clock_offset_seconds,
    tracing.clock_error_seconds,
    tracing.source_problem,
    tracing.chart_problem,
    extract(epoch from moment.now - unseen.oldest)::float8 as oldest_unseen_seconds,
    extract(epoch from newest_seen.charted_at - newest_seen.committed_at)::float8 as newest_seen_seconds,
    extract(epoch from moment.now - newest_seen.committed_at)::float8 as newest_seen_age,
    extract(epoch from moment.now - newest.committed_at)::float8 as newest_age,
    extract(epoch from moment.now - tracing.beaten_at)::float8 as beaten_seconds
from moment
cross join unseen
cross join newest
cross join lost
left join newest_seen on true
left join stream_tracing as tracing on true
