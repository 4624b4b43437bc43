-- The chart has long shown a tracer that was committed well after: this one does not come any more.
update stream_tracers set lost_at = clock_timestamp()
where
    charted_at is null
    and lost_at is null
    and committed_at < (
        select max(seen.committed_at) from stream_tracers as seen
        where seen.charted_at is not null
    ) - make_interval(secs => %(after_seconds)s)
returning tracer_id
