-- Files of the same minutes of merged batches, where there are several of them.
with batches as (
    select
        batch_id,
        date_bin(%(width)s, started_at, timestamptz '2000-01-01 00:00:00+00') as minutes
    from stream_batches
    where
        connection = %(connection)s
        and state = 'merged'
        and started_at > clock_timestamp() - interval '2 days'
        and date_bin(%(width)s, started_at, timestamptz '2000-01-01 00:00:00+00')
        + %(width)s + %(settled_after)s < clock_timestamp()
)

select
    stream_loads.stream,
    stream_loads.day,
    min(stream_loads.batch_id) as first_batch,
    max(stream_loads.batch_id) as last_batch,
    array_agg(distinct stream_loads.s3_key) as s3_keys
from stream_loads
inner join batches on stream_loads.batch_id = batches.batch_id
where stream_loads.s3_key is not null
group by stream_loads.stream, stream_loads.day, batches.minutes
having count(distinct stream_loads.s3_key) > 1
order by first_batch
