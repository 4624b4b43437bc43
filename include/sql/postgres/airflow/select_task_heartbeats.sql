select
    task_id,
    coalesce(last_heartbeat_at, start_date) as last_heartbeat_at
from task_instance
where
    dag_id = %(dag_id)s
    and run_id = %(run_id)s
    and state = 'running'
    and coalesce(last_heartbeat_at, start_date) is not null
order by task_id
