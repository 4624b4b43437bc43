-- The newest warm-up of each dashboard in each of the newest nights, oldest first.
with newest as (
    select distinct business_date from night_receipts
    where business_date <= %(night)s::date
    order by business_date desc
    limit %(nights)s
),

warmed as (
    select distinct on (business_date, report #>> '{detail,dashboard}')
        business_date,
        ended_at,
        report -> 'detail' as detail
    from night_receipts
    where
        stage = %(stage)s
        and state = 'success'
        and report #>> '{detail,dashboard}' is not null
        and business_date in (select newest.business_date from newest)
    order by
        business_date asc,
        report #>> '{detail,dashboard}' asc,
        ended_at desc
)

select
    business_date,
    ended_at,
    detail
from warmed
order by business_date
