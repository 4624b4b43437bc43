-- The records of the newest nights, with no more of their reports than a list of nights shows.
with newest as (
    select distinct business_date from night_receipts
    where business_date <= %(night)s::date
    order by business_date desc
    limit %(nights)s
),

records as (
    select
        receipts.*,
        jsonb_build_object(
            'rows_out', receipts.report -> 'rows_out',
            'rows_quarantined', receipts.report -> 'rows_quarantined',
            'detail', jsonb_build_object('models', receipts.report #> '{detail,models}')
        ) as short_report
    from newest
    inner join night_receipts as receipts on newest.business_date = receipts.business_date
)

select
    business_date,
    stage,
    run_id,
    task_id,
    map_index,
    state,
    attempts,
    started_at,
    ended_at,
    emits_asset,
    short_report,
    null as error,
    null as log
from records
