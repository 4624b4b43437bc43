insert into bronze_new_columns (source, stream, column_name, column_type, first_date)
values (%(source)s, %(stream)s, %(column_name)s, %(column_type)s, %(first_date)s)
on conflict (source, stream, column_name) do nothing
