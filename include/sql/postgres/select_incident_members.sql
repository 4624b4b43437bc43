-- What may explain a finding, without what only people read: of open
-- incidents, and of those resolved since then.
with remembered as (
    select incident_id
    from incidents
    where
        resolved_at is null
        or resolved_at >= %(resolved_since)s
)

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
where incident_id in (select remembered.incident_id from remembered)
order by
    incident_id,
    first_at,
    member_key
