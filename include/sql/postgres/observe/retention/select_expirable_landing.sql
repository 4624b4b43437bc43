-- Landing objects of dates that bronze holds wholly, less the newest dates of each source.
with policy as (
    select
        %(cutoff)s::timestamptz as cutoff,
        %(keep_newest)s::integer as keep_newest
),

newest as (
    select
        source,
        business_date,
        row_number() over (partition by source order by business_date desc) as place
    from landing_syncs
),

claims as (
    select
        source,
        stream,
        business_date,
        array_agg(s3_key order by s3_key) as keys,
        sum(rows)::bigint as rows_claimed,
        sum(bytes)::bigint as bytes_claimed,
        max(claimed_at) as claimed_at,
        bool_or(expired_at is not null) as some_expired
    from landing_files
    group by source, stream, business_date
)

select
    claims.source,
    claims.stream,
    claims.business_date,
    claims.keys,
    claims.rows_claimed,
    claims.bytes_claimed
from claims
inner join bronze_loads as loads
    on
        claims.source = loads.source
        and claims.stream = loads.stream
        and claims.business_date = loads.business_date
inner join newest
    on
        claims.source = newest.source
        and claims.business_date = newest.business_date
cross join policy
where
    loads.state = 'loaded'
    and loads.rows_in = claims.rows_claimed
    and loads.landing_files = cardinality(claims.keys)
    and claims.claimed_at < policy.cutoff
    and newest.place > policy.keep_newest
    and not claims.some_expired
order by claims.business_date, claims.source, claims.stream
