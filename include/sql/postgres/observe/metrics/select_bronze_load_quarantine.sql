-- What each partition holds back, of the dates that were loaded last.
with recent as (
    select loads.business_date
    from bronze_loads as loads
    group by loads.business_date
    order by max(loads.loaded_at) desc
    limit 60
)

select
    loads.source,
    loads.stream,
    loads.business_date,
    loads.rows_quarantined,
    loads.loaded_at,
    concat_ws(' ', loads.state, loads.sha256, loads.rows_in, loads.rows_quarantined) as content
from bronze_loads as loads
inner join recent on loads.business_date = recent.business_date
order by loads.loaded_at, loads.source, loads.stream, loads.business_date;
