select s3_key
from landing_files
where expired_at is not null
