-- The newest build that succeeded, per model and business date.
with reports as (
    select
        business_date,
        ended_at,
        case
            when jsonb_typeof(report #> '{detail,models}') = 'object' then report #> '{detail,models}'
            else '{}'::jsonb
        end as models
    from night_receipts
    where
        state = 'success'
        and ended_at is not null
)

select distinct on (reports.business_date, model.key)
    model.key as model_name,
    reports.business_date,
    reports.ended_at as built_at,
    (model.value ->> 'rows')::bigint as rows_changed
from reports, jsonb_each(reports.models) as model
order by
    reports.business_date asc,
    model.key asc,
    reports.ended_at desc
