-- The newest business date whose last stage has emitted its asset.
select
    business_date,
    max(ended_at) as served_at
from night_receipts
where
    stage = %(stage)s
    and emits_asset
    and state = 'success'
group by business_date
order by business_date desc
limit 1
