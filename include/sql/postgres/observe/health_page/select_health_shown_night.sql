-- Whether nights have run lately, and the business date that was worked on last.
select
    exists(
        select 1 from night_receipts
        where business_date between %(since)s::date and %(opened)s::date
    ) as is_habit,
    (
        select business_date from night_receipts
        order by started_at desc
        limit 1
    ) as newest
