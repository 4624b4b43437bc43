-- Messages that have waited until there was nothing left to tell.
update alert_outbox
set dropped_at = %(at)s
where
    incident_id = %(incident_id)s
    and topic = any(%(topics)s)
    and delivered_at is null
    and dropped_at is null
    and leased_until is null
    and attempts = 0
    and not_before > %(at)s
returning topic
