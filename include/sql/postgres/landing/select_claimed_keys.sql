select s3_key
from landing_files
where source = %(source)s
