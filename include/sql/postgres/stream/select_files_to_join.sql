-- Files of the same minutes of merged batches, where there are several of them.
select
    stream_loads.stream,
    stream_loads.day,
    min(stream_loads.batch_id) as first_batch,
    max(stream_loads.batch_id) as last_batch,
    array_agg(distinct stream_loads.s3_key) as s3_keys
from stream_loads
inner join stream_batches on stream_loads.batch_id = stream_batches.batch_id
where
    stream_batches.connection = %(connection)s
    and stream_batches.state = 'merged'
    and stream_loads.s3_key is not null
    and stream_batches.started_at > clock_timestamp() - interval '2 days'
group by
    stream_loads.stream,
    stream_loads.day,
    date_bin(%(width)s, stream_batches.started_at, timestamptz '2000-01-01 00:00:00+00')
having
    count(distinct stream_loads.s3_key) > 1
    and date_bin(%(width)s, max(stream_batches.started_at), timestamptz '2000-01-01 00:00:00+00')
    + %(width)s + %(settled_after)s < clock_timestamp()
order by first_batch
