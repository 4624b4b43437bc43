select count(*)
from night_receipts
where business_date = %(business_date)s
