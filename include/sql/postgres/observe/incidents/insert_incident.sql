insert into incidents (
    kind, root, business_date, cause_group, severity, summary, error, command, evidence, fingerprint,
    opened_at, updated_at, occurrences
)
values (
    %(kind)s, %(root)s, %(business_date)s, %(cause_group)s, %(severity)s, %(summary)s, %(error)s,
    %(command)s, %(evidence)s::jsonb, %(fingerprint)s, %(at)s, %(at)s, 0
)
returning incident_id
