insert into incident_counts as kept (incident_id, fingerprint, window_start, occurrences)
values (%(incident_id)s, %(fingerprint)s, %(window_start)s, 1)
on conflict (incident_id, fingerprint, window_start) do update set
    occurrences = kept.occurrences + 1
