-- When these words were last told as something new.
select max(greatest(not_before, created_at))
from alert_outbox
where
    fingerprint = %(fingerprint)s
    and topic = 'opened'
    and dropped_at is null
    and created_at > %(since)s
