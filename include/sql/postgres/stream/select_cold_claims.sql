-- What dates have claimed of the source, in the order of the syncs. A date without any receipt was extracted
-- before receipts are kept from: it is taken for published.
with claims as (
    select
        source,
        business_date,
        job_id,
        completed_at
    from landing_syncs
    where source = %(source)s
)

select
    claims.business_date,
    positions.lsn,
    published.published_at is not null or not exists (
        select 1
        from night_receipts as receipts
        where receipts.business_date = claims.business_date
    ) as is_published
from claims
left join published_claims as published
    on
        claims.source = published.source
        and claims.business_date = published.business_date
        and claims.completed_at = published.claimed_at
left join source_positions as positions
    on
        claims.source = positions.source
        and claims.job_id = positions.job_id
order by
    claims.completed_at,
    claims.business_date
