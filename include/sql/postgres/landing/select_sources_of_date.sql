-- Sources that a business date has claimed something of, or keeps a job's rows of.
select source
from landing_syncs
where business_date = %(business_date)s
union
select source
from landing_files
where business_date = %(business_date)s
union
select source
from landing_jobs
where business_date = %(business_date)s
order by source
