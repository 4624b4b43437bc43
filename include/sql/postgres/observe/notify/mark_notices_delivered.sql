update alert_outbox
set
    attempts = attempts + 1,
    leased_until = null,
    delivered_at = %(at)s,
    delivery = %(delivery)s,
    last_error = null
where notice_id = any(%(ids)s)
