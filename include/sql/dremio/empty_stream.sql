{#- The raw view of a stream of which nothing was ever loaded: its columns, and no row. -#}
select
    {%- for column, type in types.items() %}
    cast(null as {{ type }}) as {{ column }},
    {%- endfor %}
    cast(null as date) as bronze_date
from (values (1)) as nothing (placeholder)
where 1 = 0
