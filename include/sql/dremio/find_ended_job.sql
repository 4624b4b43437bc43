select job_id
from sys.jobs_recent
where query like '%{{ head }}' || '{{ tail }}%'
