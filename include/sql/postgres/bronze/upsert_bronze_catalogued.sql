-- Dremio has just listed all the stream's files.
insert into bronze_catalogued (source, stream, business_date, sha256)
select
    source,
    stream,
    business_date,
    sha256
from bronze_loads
where
    source = %(source)s
    and stream = %(stream)s
    and sha256 is not null
on conflict (source, stream, business_date) do update set
    sha256 = excluded.sha256,
    catalogued_at = now()
where bronze_catalogued.sha256 is distinct from excluded.sha256
