-- Partitions with rows that a load wrote before the cutoff and nobody has compressed again.
select
    source,
    stream,
    business_date,
    rows_loaded,
    bytes,
    sha256
from bronze_loads
where
    state = 'loaded'
    and rows_loaded > 0
    and sha256 is not null
    and compression <> %(compression)s
    and loaded_at < %(cutoff)s
order by business_date, source, stream
