insert into incident_events (event_id, incident_id, told_at)
values (%(event_id)s, %(incident_id)s, %(at)s)
