select job_id
from sys.jobs
where query like '%{{ head }}' || '{{ tail }}%'
