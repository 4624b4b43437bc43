select max(business_date)
from night_receipts
