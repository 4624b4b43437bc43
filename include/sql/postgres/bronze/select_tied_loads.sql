select
    stream,
    business_date,
    rows_tied,
    tie_examples
from bronze_loads
where rows_tied > 0
order by business_date desc, stream asc
