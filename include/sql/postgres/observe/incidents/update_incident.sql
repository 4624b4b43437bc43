-- One event more; worse if it is worse; with another root if it explains what the incident was opened for.
update incidents
set
    updated_at = %(at)s,
    occurrences = occurrences + 1,
    acknowledged_at = case
        when %(severity)s = 'page' and severity <> 'page' then null
        else acknowledged_at
    end,
    acknowledged_by = case
        when %(severity)s = 'page' and severity <> 'page' then null
        else acknowledged_by
    end,
    severity = case when %(severity)s = 'page' then 'page' else severity end,
    kind = case when %(takes_over)s then %(kind)s else kind end,
    root = case when %(takes_over)s then %(root)s else root end,
    business_date = case when %(takes_over)s then %(business_date)s else business_date end,
    cause_group = case when %(takes_over)s then %(cause_group)s else cause_group end,
    fingerprint = case when %(takes_over)s then %(fingerprint)s else fingerprint end,
    summary = case when %(takes_over)s then %(summary)s else summary end,
    error = case when %(takes_over)s then %(error)s else error end,
    command = case when %(takes_over)s then %(command)s else command end,
    evidence = case when %(takes_over)s then %(evidence)s::jsonb else evidence end
where incident_id = %(incident_id)s
