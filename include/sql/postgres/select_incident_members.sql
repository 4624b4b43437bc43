-- What may explain a finding, without what only people read: of open
-- incidents, and of those resolved since then.
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
    '' as summary,
    null as error,
    null as command,
    null as evidence,
    first_at,
    last_at,
    occurrences,
    fixed_at,
    fixed_by
from incident_members
where
    incident_id in (
        select incidents.incident_id
        from incidents
        where
            incidents.resolved_at is null
            or incidents.resolved_at >= %(resolved_since)s
    )
order by
    incident_id,
    first_at,
    member_key
