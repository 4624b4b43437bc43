select
    incident_id,
    member_key,
    kind,
    root,
    business_date,
    is_cause,
    may_follow,
    cause_group,
    fingerprint,
    severity,
    summary,
    error,
    command,
    evidence,
    first_at,
    last_at,
    occurrences,
    fixed_at,
    fixed_by
from incident_members
where incident_id = any(%(incident_ids)s)
order by
    incident_id,
    first_at,
    member_key
