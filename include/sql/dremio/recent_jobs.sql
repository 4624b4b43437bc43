select
    job_id,
    status,
    query_type,
    accelerated,
    submitted_epoch_millis,
    final_state_epoch_millis
from sys.jobs_recent
where
    final_state_epoch_millis > {{ ended_after }}
    and query not like '%from sys.%'
order by final_state_epoch_millis, job_id
limit {{ most }}
