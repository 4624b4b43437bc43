insert into incident_events (event_id, incident_id, member_key, told_at)
values (%(event_id)s, %(incident_id)s, %(member_key)s, %(at)s)
