{#- Rows of one business date in each raw view. -#}
{% for stream, view in views %}
select
    '{{ stream }}' as "stream",
    count(*) as row_count
from {{ view }}
where bronze_date = date '{{ date }}'
{%- if not loop.last %}
union all
{%- endif %}
{% endfor %}
