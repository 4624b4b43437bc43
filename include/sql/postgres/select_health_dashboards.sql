-- The newest warm-up of each dashboard in each of the newest nights, oldest first.
with newest as (
    select distinct business_date from night_receipts
    where business_date <= %(night)s::date
    order by business_date desc
    limit %(nights)s
),

warmed as (
    select distinct on (receipts.business_date, receipts.report #>> '{detail,dashboard}')
        receipts.business_date,
        receipts.ended_at,
        receipts.report -> 'detail' as detail
    from newest
    inner join night_receipts as receipts on newest.business_date = receipts.business_date
    where
        receipts.stage = %(stage)s::text
        and receipts.state = 'success'
        and receipts.report #>> '{detail,dashboard}' is not null
    order by
        receipts.business_date asc,
        receipts.report #>> '{detail,dashboard}' asc,
        receipts.ended_at desc
)

select
    business_date,
    ended_at,
    detail
from warmed
order by business_date
