-- What a date holds of each stream: claimed from landing, loaded into bronze, listed by Dremio.
with wanted as (
    select
        stream,
        source
    from unnest(%(streams)s::text [], %(sources)s::text []) as pairs (stream, source)
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
)

select
    wanted.source,
    wanted.stream,
    syncs.completed_at as synced_at,
    coalesce(claimed.rows_claimed, 0) as rows_claimed,
    claimed.claimed_at,
    loads.state as load_state,
    coalesce(loads.rows_in, 0) as rows_read,
    coalesce(loads.rows_loaded, 0) as rows_loaded,
    coalesce(loads.rows_quarantined, 0) as rows_quarantined,
    loads.loaded_at,
    loads.explanation,
    loads.sha256 is null or loads.sha256 is not distinct from listed.sha256 as is_listed
from wanted
left join claimed
    on
        wanted.source = claimed.source
        and wanted.stream = claimed.stream
left join landing_syncs as syncs
    on
        wanted.source = syncs.source
        and syncs.business_date = %(business_date)s
left join bronze_loads as loads
    on
        wanted.source = loads.source
        and wanted.stream = loads.stream
        and loads.business_date = %(business_date)s
left join bronze_catalogued as listed
    on
        wanted.source = listed.source
        and wanted.stream = listed.stream
        and listed.business_date = %(business_date)s
order by wanted.stream
