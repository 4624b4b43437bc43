select
    business_date,
    state
from morning_reports
where business_date >= %(since)s
order by business_date
