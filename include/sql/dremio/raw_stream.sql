{#- All partitions of a stream; bronze_date is the business date of the run that landed the row. -#}
select
    {%- for column in columns %}
    {{ column }},
    {%- endfor %}
    cast(substr(dir0, 6) as date) as bronze_date
from {{ dataset }}
