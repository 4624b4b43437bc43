-- What a date holds of each stream: claimed from landing, loaded into bronze, listed by Dremio.
with wanted as (
    select
        stream,
        source
    from unnest(%(streams)s::text[], %(sources)s::text[]) as pairs (stream, source)
),

claimed as (
    select
        source,
        stream,
        sum(rows)::bigint as rows_claimed,
        max(claimed_at) as claimed_at
    from landing_files
    where business_date = %(business_date)s
    group by source, stream
),

syncs as (
    select
        source,
        completed_at
    from landing_syncs
    where business_date = %(business_date)s
),

loads as (
    select
        source,
        stream,
        state,
        rows_in,
        rows_loaded,
        rows_quarantined,
        loaded_at,
        explanation,
        sha256
    from bronze_loads
    where business_date = %(business_date)s
),

listed as (
    select
        source,
        stream,
        sha256
    from bronze_catalogued
    where business_date = %(business_date)s
)

select
    wanted.source,
    wanted.stream,
    syncs.completed_at as synced_at,
    claimed.claimed_at,
    loads.state as load_state,
    loads.loaded_at,
    loads.explanation,
    coalesce(claimed.rows_claimed, 0) as rows_claimed,
    coalesce(loads.rows_in, 0) as rows_read,
    coalesce(loads.rows_loaded, 0) as rows_loaded,
    coalesce(loads.rows_quarantined, 0) as rows_quarantined,
    coalesce(loads.sha256 = listed.sha256, loads.sha256 is null) as is_listed
from wanted
left join claimed
    on
        wanted.source = claimed.source
        and wanted.stream = claimed.stream
left join syncs on wanted.source = syncs.source
left join loads
    on
        wanted.source = loads.source
        and wanted.stream = loads.stream
left join listed
    on
        wanted.source = listed.source
        and wanted.stream = listed.stream
order by wanted.stream
