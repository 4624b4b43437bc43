select incident_id
from incident_events
where event_id = %(event_id)s
