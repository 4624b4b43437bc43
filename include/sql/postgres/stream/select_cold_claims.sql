-- What dates have claimed of the source, in the order of the syncs. A date without any receipt was extracted
-- before receipts are kept from: it is taken for published.
select
    syncs.business_date,
    published.published_at is not null or not exists (
        select 1
        from night_receipts as receipts
        where receipts.business_date = syncs.business_date
    ) as is_published,
    positions.lsn
from landing_syncs as syncs
left join published_claims as published
    on
        syncs.source = published.source
        and syncs.business_date = published.business_date
        and syncs.completed_at = published.claimed_at
left join source_positions as positions
    on
        syncs.source = positions.source
        and syncs.job_id = positions.job_id
where syncs.source = %(source)s
order by
    syncs.completed_at,
    syncs.business_date
