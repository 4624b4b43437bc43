-- The objects that the date has claimed are unclaimed again.
delete from landing_files
where
    source = %(source)s
    and business_date = %(business_date)s
