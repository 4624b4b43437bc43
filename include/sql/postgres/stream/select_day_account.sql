select
    coalesce(sum(rows_in), 0) as rows_in,
    coalesce(sum(rows_quarantined), 0) as rows_quarantined
from stream_loads
where stream = %(stream)s and day = %(day)s and batch_id <> %(batch_id)s
