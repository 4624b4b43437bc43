-- Runs of models of which no model has been counted, and which the horizon does not call old.
with asked as (
    select %(metric)s::text as metric
),

runs as (
    select
        run_id,
        completed_at,
        metadata,
        jsonb_path_query_first(
            metadata, '$.results[*].unique_id ? (@ starts with "model.")'
        ) #>> '{}' as first_model
    from dbt_run_history
    where models_run > 0 and completed_at is not null
)

select
    runs.run_id,
    runs.completed_at,
    runs.metadata
from runs
cross join asked
left join metric_horizons as horizon on asked.metric = horizon.metric
left join metric_events as counted
    on
        asked.metric = counted.metric
        and counted.event_id = runs.run_id::text || ' ' || split_part(runs.first_model, '.', 3)
where
    counted.event_id is null
    and (horizon.happened_until is null or runs.completed_at at time zone 'UTC' > horizon.happened_until)
order by runs.completed_at
limit %(most)s;
