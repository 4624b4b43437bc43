insert into seam_checks (
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
)
values (
    %(checked_at)s,
    %(edge_date)s,
    %(source_lsn)s,
    %(batch_id)s,
    %(from_day)s,
    %(outcome)s,
    %(reason)s,
    %(orders)s,
    %(differences)s,
    %(seconds)s
)
returning check_id
