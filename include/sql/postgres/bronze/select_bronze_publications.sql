select business_date
from bronze_publications
where
    source = %(source)s
    and stream = %(stream)s
order by business_date
