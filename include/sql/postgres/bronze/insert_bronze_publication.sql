insert into bronze_publications (source, stream, business_date)
values (%(source)s, %(stream)s, %(business_date)s)
on conflict (source, stream, business_date) do nothing
