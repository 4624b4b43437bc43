-- Partitions that have changed since Dremio last listed their stream's files.
select business_date
from (
    select
        business_date,
        sha256
    from bronze_loads
    where
        source = %(source)s
        and stream = %(stream)s
        and sha256 is not null
    except
    select
        business_date,
        sha256
    from bronze_catalogued
    where
        source = %(source)s
        and stream = %(stream)s
) as changed
order by business_date
