-- A DAG that is not a stage of the night: by the task that had failed, or as a whole.
update incident_members
set
    fixed_at = %(at)s,
    fixed_by = %(fixed_by)s
where
    root = %(root)s
    and business_date is null
    and fixed_at is null
    and (
        %(task_id)s::text is null
        or evidence ->> 'task' = %(task_id)s
        or evidence ->> 'task' = 'the run'
    )
returning incident_id
