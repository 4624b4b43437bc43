{#- The newest version of each key, over all partitions. -#}
with

ranked as (

    select
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        row_number() over (
            partition by {{ key | join(', ') }}
            order by {{ cursor }} desc, bronze_date desc, _airbyte_extracted_at desc
        ) as version_rank
    from {{ raw_view }}

)

select
    {%- for column in columns %}
    {{ column }}{{ "," if not loop.last }}
    {%- endfor %}
from ranked
where version_rank = 1
