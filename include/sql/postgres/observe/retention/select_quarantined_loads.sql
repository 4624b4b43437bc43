-- Loads that were published without the rows that their contract refused.
select
    source,
    stream,
    business_date,
    rows_quarantined,
    loaded_at
from bronze_loads
where
    state = 'loaded'
    and rows_quarantined > 0
