-- Bytes and rows of bronze per business date, oldest first.
select
    business_date,
    sum(bytes)::bigint as bytes,
    sum(rows_loaded)::bigint as rows_loaded
from bronze_loads
where
    state = 'loaded'
    and business_date <= %(night)s::date
group by business_date
order by business_date
