-- What may explain a finding, without what only people read: of open incidents and of those resolved lately.
-- Of what shares its cause or its words, one member is enough: there may be thousands.
with remembered as (
    select
        incident_id as remembered_id,
        resolved_at is null as is_open
    from incidents
    where
        resolved_at is null
        or resolved_at >= %(resolved_since)s
),

known as (
    select
        incident_members.*,
        remembered.is_open
    from incident_members
    inner join remembered on incident_members.incident_id = remembered.remembered_id
),

near as (
    select *
    from known
    where
        member_key = %(member_key)s
        or business_date = %(business_date)s
        or (may_follow and is_open)
),

by_group as (
    select *
    from known
    where
        cause_group = %(cause_group)s
        and is_cause
    order by
        fixed_at is null desc,
        last_at desc
    limit 1
),

by_words as (
    select *
    from known
    where
        fingerprint = %(fingerprint)s
        and is_cause
        and fixed_at is null
    order by last_at desc
    limit 1
),

undated as (
    select *
    from known
    where
        %(any_date)s
        and is_cause
    order by
        is_open desc,
        first_at asc
    limit 200
),

found as (
    select * from near
    union
    select * from by_group
    union
    select * from by_words
    union
    select * from undated
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
    fixed_by,
    is_open
from found
order by
    incident_id,
    first_at,
    member_key
