{#- The newest date of each stream on which its whole list had no row: no row of a partition can say that. -#}
{% for stream, day in lists %}
select
    '{{ stream }}' as "stream",
    date '{{ day }}' as bronze_date
{%- if not loop.last %}
union all
{%- endif %}
{% else %}
select
    cast(null as varchar) as "stream",
    cast(null as date) as bronze_date
{%- endfor %}
