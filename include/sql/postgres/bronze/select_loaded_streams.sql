select stream
from bronze_loads
where
    source = %(source)s
    and business_date = %(business_date)s
    and state = 'loaded'
order by stream
