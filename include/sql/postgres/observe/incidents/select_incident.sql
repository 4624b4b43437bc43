select
    incident_id,
    kind,
    root,
    business_date,
    cause_group,
    severity,
    summary,
    error,
    command,
    evidence,
    fingerprint,
    opened_at,
    updated_at,
    occurrences,
    acknowledged_at,
    acknowledged_by,
    resolved_at,
    fixed_by
from incidents
where incident_id = %(incident_id)s
