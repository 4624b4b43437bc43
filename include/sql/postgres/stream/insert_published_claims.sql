-- A claim is published once each stage from bronze to gold has succeeded after the one before it. Stages and
-- the extract's task are compared by the workers' clocks; a claim that no task's report tells of (rows that
-- another date gave back) by the database's.
with claims as (
    select
        syncs.source,
        syncs.business_date,
        syncs.completed_at,
        coalesce(
            (
                select max(receipts.ended_at)
                from night_receipts as receipts
                where
                    receipts.business_date = syncs.business_date
                    and receipts.state = 'success'
                    and receipts.report -> 'external_jobs'
                    @> jsonb_build_array(jsonb_build_object('system', 'airbyte', 'id', syncs.job_id))
                    and receipts.ended_at >= syncs.completed_at - interval '5 minutes'
            ),
            syncs.completed_at
        ) as claimed_at
    from landing_syncs as syncs
    where syncs.source = %(source)s
),

ended as (
    select
        business_date,
        max(ended_at) filter (where stage = 'load_bronze') as bronze_at,
        max(ended_at) filter (where stage = 'transform_staging') as staging_at,
        max(ended_at) filter (where stage = 'transform_intermediate') as intermediate_at,
        max(ended_at) filter (where stage = 'transform_marts') as marts_at,
        max(ended_at) filter (where stage = 'test_data_quality') as gold_at
    from night_receipts
    where
        emits_asset
        and state = 'success'
    group by business_date
)

insert into published_claims (source, business_date, claimed_at, published_at)
select
    claims.source,
    claims.business_date,
    claims.completed_at,
    ended.gold_at
from claims
inner join ended
    on claims.business_date = ended.business_date
where
    ended.bronze_at >= claims.claimed_at
    and ended.staging_at >= ended.bronze_at
    and ended.intermediate_at >= ended.staging_at
    and ended.marts_at >= ended.intermediate_at
    and ended.gold_at >= ended.marts_at
on conflict (source, business_date, claimed_at) do nothing
