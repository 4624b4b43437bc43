select
    batch_id,
    stream,
    day,
    state,
    rows_in,
    rows_loaded,
    rows_deduplicated,
    rows_quarantined,
    landing_files,
    s3_key,
    quarantine_key,
    bytes,
    truncated_at_lsn,
    highest_lsn,
    detail
from stream_loads
where batch_id = %(batch_id)s
order by stream
