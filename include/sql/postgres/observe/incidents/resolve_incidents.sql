-- Those of which no cause is left.
update incidents
set
    resolved_at = %(at)s,
    updated_at = %(at)s,
    fixed_by = %(fixed_by)s
where
    incident_id = any(%(incident_ids)s)
    and resolved_at is null
    and not exists (
        select 1
        from incident_members as members
        where
            members.incident_id = incidents.incident_id
            and members.is_cause
            and members.fixed_at is null
    )
returning incident_id
