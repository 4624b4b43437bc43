-- The newest business dates of which anything was recorded.
select distinct business_date
from night_receipts
order by business_date desc
limit %(nights)s
