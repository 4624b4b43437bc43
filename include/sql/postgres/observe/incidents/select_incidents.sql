-- One of that number; or the open ones; or those that were resolved since then.
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
where
    case
        when %(incident_id)s::bigint is not null then incident_id = %(incident_id)s::bigint
        when %(resolved_since)s::timestamptz is null then resolved_at is null
        else resolved_at >= %(resolved_since)s::timestamptz
    end
order by
    resolved_at desc,
    severity asc,
    opened_at asc,
    incident_id asc
