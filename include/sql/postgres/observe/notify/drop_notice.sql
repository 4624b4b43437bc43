update alert_outbox
set
    dropped_at = %(at)s,
    leased_until = null
where notice_id = %(notice_id)s
