select
    stream,
    rows_loaded
from bronze_loads
where
    business_date = %(business_date)s
    and state = 'loaded'
order by stream
