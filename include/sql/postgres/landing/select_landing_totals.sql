-- What a business date has claimed from a source, per stream.
select
    stream,
    count(*) as files,
    sum(rows)::bigint as rows,
    sum(bytes)::bigint as bytes
from landing_files
where
    source = %(source)s
    and business_date = %(business_date)s
group by stream
order by stream
