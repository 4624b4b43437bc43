-- Rows that a business date has claimed and that no load has brought into bronze.
with claims as (
    select
        source,
        stream,
        business_date,
        sum(rows)::bigint as rows_claimed,
        max(claimed_at) as claimed_at
    from landing_files
    group by source, stream, business_date
)

select
    claims.source,
    claims.stream,
    claims.business_date,
    claims.claimed_at,
    claims.rows_claimed - case when loads.state = 'loaded' then loads.rows_in else 0 end as rows_unloaded,
    coalesce(loads.state = 'rejected', false) as rejected
from claims
left join bronze_loads as loads
    on
        claims.source = loads.source
        and claims.stream = loads.stream
        and claims.business_date = loads.business_date
where claims.rows_claimed > case when loads.state = 'loaded' then loads.rows_in else 0 end
order by claims.business_date, claims.source, claims.stream
