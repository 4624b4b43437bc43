-- Landing objects of merged micro-batches, all of whose changes gold has: up to the last batch that ended
-- before the edge's position of the log. Those that were marked by an earlier run, which died, come again.
with policy as (
    select
        %(connection)s::text as connection_name,
        %(cutoff)s::timestamptz as cutoff
),

edge as (
    select source_lsn from serving_edge
    order by moved_at desc
    limit 1
),

published as (
    select max(batches.batch_id) as batch_id
    from stream_batches as batches
    inner join edge on batches.to_lsn <= edge.source_lsn
    inner join policy on batches.connection = policy.connection_name
    where batches.state = 'merged'
)

select
    files.stream,
    batches.day,
    files.expired_at is not null as is_left_over,
    array_agg(files.s3_key order by files.s3_key) as keys,
    sum(files.rows)::bigint as landed_rows,
    sum(files.bytes)::bigint as landed_bytes
from stream_landing_files as files
inner join stream_batches as batches on files.batch_id = batches.batch_id
inner join policy on batches.connection = policy.connection_name
cross join published
where
    batches.state = 'merged'
    and batches.merged_at < policy.cutoff
    and batches.day < policy.cutoff::date
    and (batches.batch_id <= published.batch_id or files.expired_at is not null)
group by files.stream, batches.day, files.expired_at is not null
order by batches.day, files.stream
