select event_id
from incident_events
where event_id = any(%(event_ids)s)
