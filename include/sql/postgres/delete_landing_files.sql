-- The date's objects are no date's again.
delete from landing_files
where
    source = %(source)s
    and business_date = %(business_date)s
