-- Objects of a stream and date that retention has given up, and those that can still be read.
select
    count(expired_at) as expired,
    count(*) - count(expired_at) as readable
from landing_files
where
    source = %(source)s
    and stream = %(stream)s
    and business_date = %(business_date)s
