delete from bronze_publications
where
    source = %(source)s
    and stream = %(stream)s
    and business_date = %(business_date)s
