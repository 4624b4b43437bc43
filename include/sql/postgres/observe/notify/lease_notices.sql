-- What is due and nobody else is sending, the worst first.
with due as (
    select notice_id
    from alert_outbox
    where
        delivered_at is null
        and dropped_at is null
        and not_before <= %(at)s
        and (leased_until is null or leased_until < %(at)s)
    order by
        severity = 'page' desc,
        created_at asc,
        notice_id asc
    for update skip locked
),

leased as (
    update alert_outbox
    set leased_until = %(leased_until)s
    where notice_id in (select due.notice_id from due)
    returning notice_id, incident_id, topic, severity, title, body, attempts, taken_by, created_at
)

select
    notice_id,
    incident_id,
    topic,
    severity,
    title,
    body,
    attempts,
    taken_by
from leased
order by
    severity = 'page' desc,
    created_at asc,
    notice_id asc
