select
    job_id,
    status,
    query_type,
    user_name,
    error_msg,
    query,
    final_state_epoch_millis
from sys.jobs_recent
where
    final_state_epoch_millis > {{ ended_after }}
    and query not like '%from sys.%'
order by final_state_epoch_millis, job_id
limit {{ most }}
