-- The newest date of each stream on which its whole list had no row. Older ones delete nothing more.
select
    stream,
    max(business_date) as business_date
from bronze_loads
where
    state = 'loaded'
    and list_is_empty
group by stream
order by stream
