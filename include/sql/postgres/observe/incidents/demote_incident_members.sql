-- What the incident was opened for has turned out to be an effect.
update incident_members
set is_cause = false
where
    incident_id = %(incident_id)s
    and may_follow
