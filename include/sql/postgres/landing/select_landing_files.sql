select
    s3_key,
    rows,
    bytes,
    job_id
from landing_files
where
    source = %(source)s
    and stream = %(stream)s
    and business_date = %(business_date)s
order by s3_key
