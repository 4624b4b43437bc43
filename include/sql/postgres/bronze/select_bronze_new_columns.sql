select
    column_name,
    column_type
from bronze_new_columns
where
    source = %(source)s
    and stream = %(stream)s
order by column_name
