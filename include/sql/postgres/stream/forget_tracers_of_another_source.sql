-- A source that was created again counts from 1: what an id meant before is another tracer.
delete from stream_tracers as known
using unnest(%(tracer_ids)s::bigint[], %(committed)s::timestamp[]) as seen (tracer_id, committed_at)
where
    known.tracer_id = seen.tracer_id
    and abs(extract(epoch from known.source_committed_at - seen.committed_at)) > 1
