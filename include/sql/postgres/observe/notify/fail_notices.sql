update alert_outbox
set
    attempts = attempts + 1,
    leased_until = null,
    not_before = %(not_before)s,
    last_error = %(error)s,
    taken_by = %(taken_by)s
where
    notice_id = any(%(ids)s)
    and delivered_at is null
