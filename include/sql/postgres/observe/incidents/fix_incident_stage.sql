-- A stage has succeeded for its date. Lateness, and what else may follow from something, ends with the night.
update incident_members
set
    fixed_at = %(at)s,
    fixed_by = %(fixed_by)s
where
    business_date = %(business_date)s
    and fixed_at is null
    and last_at <= %(told_before)s
    and (
        (root = %(root)s and kind <> %(late)s)
        or (may_follow and %(is_served)s)
    )
returning incident_id
