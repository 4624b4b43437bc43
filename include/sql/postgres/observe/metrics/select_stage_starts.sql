select
    business_date,
    stage,
    min(started_at) as first_start,
    bool_or(emits_asset and state = 'success') as succeeded
from night_receipts
where business_date >= %(since)s
group by business_date, stage;
