-- One row per run of a stage that has ended, of the dates that were at work last.
with recent as (
    select receipts.business_date
    from night_receipts as receipts
    group by receipts.business_date
    order by max(receipts.started_at) desc
    limit 60
)

select
    receipts.business_date,
    receipts.stage,
    receipts.run_id,
    case when bool_or(receipts.state = 'failed') then 'failed' else 'success' end as outcome,
    min(receipts.started_at) as started_at,
    max(receipts.ended_at) as ended_at,
    coalesce(sum((receipts.report ->> 'rows_out')::bigint), 0)::bigint as rows_out
from night_receipts as receipts
inner join recent on receipts.business_date = recent.business_date
group by receipts.business_date, receipts.stage, receipts.run_id
having
    bool_and(receipts.state in ('success', 'failed') and receipts.ended_at is not null)
    and (
        bool_or(receipts.state = 'failed')
        or bool_or(receipts.emits_asset and receipts.state = 'success')
    )
order by max(receipts.ended_at), receipts.business_date, receipts.stage, receipts.run_id;
