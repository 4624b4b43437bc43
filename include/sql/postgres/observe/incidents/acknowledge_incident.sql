update incidents
set
    acknowledged_at = %(at)s,
    acknowledged_by = %(user)s
where
    incident_id = %(incident_id)s
    and acknowledged_at is null
    and resolved_at is null
