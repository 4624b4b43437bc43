select
    tracer_id,
    committed_at,
    is_deleted
from hot.stream_tracer
where tracer_id in ({{ tracer_ids }})
