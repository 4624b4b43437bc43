select
    check_id,
    checked_at,
    edge_date,
    source_lsn,
    batch_id,
    from_day,
    outcome,
    reason,
    orders,
    differences,
    seconds
from seam_checks
where not %(decided)s or outcome <> 'not_ready'
order by check_id desc
limit 1
