update incident_members
set
    fixed_at = %(at)s,
    fixed_by = %(fixed_by)s
where
    member_key = any(%(keys)s)
    and fixed_at is null
returning incident_id
