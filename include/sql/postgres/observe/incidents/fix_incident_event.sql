-- The event is over: so is the finding that it was counted for, also where it outlived an incident.
update incident_members
set
    fixed_at = %(at)s,
    fixed_by = %(fixed_by)s
from incident_events as events
where
    events.incident_id = incident_members.incident_id
    and events.member_key = incident_members.member_key
    and (events.event_id = %(event_id)s or events.event_id like %(outlived)s)
    and incident_members.fixed_at is null
returning incident_members.incident_id
