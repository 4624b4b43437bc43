-- Somebody deleted them at the source before the chart could show them.
delete from stream_tracers
where tracer_id = any(%(tracer_ids)s) and charted_at is null
