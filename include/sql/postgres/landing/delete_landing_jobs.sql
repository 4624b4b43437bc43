-- Nothing waits for the date any more.
delete from landing_jobs
where
    source = %(source)s
    and business_date = %(business_date)s
