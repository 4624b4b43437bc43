-- What is shown first is what is left to fix.
update incidents
set
    kind = %(kind)s,
    root = %(root)s,
    business_date = %(business_date)s,
    summary = %(summary)s,
    error = %(error)s,
    command = %(command)s,
    evidence = %(evidence)s::jsonb,
    updated_at = %(at)s
where
    incident_id = %(incident_id)s
    and resolved_at is null
