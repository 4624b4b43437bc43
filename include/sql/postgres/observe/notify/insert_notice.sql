-- A message of a key is written once.
insert into alert_outbox (
    notice_key, topic, incident_id, fingerprint, severity, title, body, created_at, not_before
)
values (
    %(notice_key)s, %(topic)s, %(incident_id)s, %(fingerprint)s, %(severity)s, %(title)s, %(body)s, %(at)s,
    %(not_before)s
)
on conflict (notice_key) do nothing
