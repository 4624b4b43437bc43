-- Told again, it is as it is now; it counts once more, and is not fixed.
insert into incident_members as kept (
    incident_id, member_key, kind, root, business_date, is_cause, may_follow, cause_group, fingerprint,
    severity, summary, error, command, evidence, first_at, last_at, occurrences
)
values (
    %(incident_id)s, %(member_key)s, %(kind)s, %(root)s, %(business_date)s, %(is_cause)s, %(may_follow)s,
    %(cause_group)s, %(fingerprint)s, %(severity)s, %(summary)s, %(error)s, %(command)s,
    %(evidence)s::jsonb, %(at)s, %(at)s, 1
)
on conflict (incident_id, member_key) do update set
    is_cause = excluded.is_cause,
    fingerprint = excluded.fingerprint,
    severity = excluded.severity,
    summary = excluded.summary,
    error = excluded.error,
    command = excluded.command,
    evidence = excluded.evidence,
    last_at = excluded.last_at,
    occurrences = kept.occurrences + 1,
    fixed_at = null,
    fixed_by = null
