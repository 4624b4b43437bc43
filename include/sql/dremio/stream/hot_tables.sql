{#- The numbered tables of a stream, whether a view shows them or not. -#}
select table_name
from information_schema."tables"
where
    table_schema = '{{ source }}'
    and table_name like '{{ stream }}_%'
