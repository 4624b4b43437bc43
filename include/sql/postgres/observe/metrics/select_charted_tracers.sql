-- Seconds per hop of the tracers that the chart has come to show; a corrected clock may make one negative.
select
    charted_number,
    greatest(0, extract(epoch from landed_at - committed_at))::float8 as landing,
    greatest(0, extract(epoch from bronze_at - landed_at))::float8 as bronze,
    greatest(0, extract(epoch from hot_at - bronze_at))::float8 as hot,
    greatest(0, extract(epoch from charted_at - hot_at))::float8 as chart,
    greatest(0, extract(epoch from charted_at - committed_at))::float8 as total
from stream_tracers
where charted_number > %(after)s
order by charted_number
limit %(most)s
