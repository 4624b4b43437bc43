select
    tracer_id,
    hot_at is not null as is_hot
from stream_tracers
where charted_at is null and lost_at is null
order by tracer_id
limit %(most)s
