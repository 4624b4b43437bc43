-- Per model and business date: when it was built last, and when a build last changed rows.
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
        and (%(stage)s::text is null or stage = %(stage)s::text)
),

builds as (
    select
        model.key as model_name,
        reports.business_date,
        reports.ended_at,
        (model.value ->> 'rows')::bigint as rows_changed
    from reports, jsonb_each(reports.models) as model
)

select
    model_name,
    business_date,
    max(ended_at) as built_at,
    max(ended_at) filter (where rows_changed is distinct from 0) as changed_at,
    (array_agg(rows_changed order by ended_at desc))[1] as rows_changed
from builds
group by model_name, business_date
order by business_date, model_name
