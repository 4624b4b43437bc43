-- All objects of the date at once, and only if they are those that were planned and bronze holds all of them.
with claims as (
    select
        array_agg(s3_key order by s3_key) as keys,
        sum(rows)::bigint as rows_claimed,
        max(claimed_at) as claimed_at
    from landing_files
    where
        source = %(source)s
        and stream = %(stream)s
        and business_date = %(business_date)s
),

loaded as (
    select 1 as found
    from bronze_loads as loads
    cross join claims
    where
        loads.source = %(source)s
        and loads.stream = %(stream)s
        and loads.business_date = %(business_date)s
        and loads.state = 'loaded'
        and loads.rows_in = claims.rows_claimed
        and claims.claimed_at < %(cutoff)s
        and claims.keys <@ %(keys)s::text []
        and claims.keys @> %(keys)s::text []
)

update landing_files
set expired_at = now()
where
    s3_key = any(%(keys)s)
    and expired_at is null
    and exists (select 1 from loaded)
returning s3_key
