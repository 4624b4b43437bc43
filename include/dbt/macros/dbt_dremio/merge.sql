{#-
    A fix for dbt-dremio 1.11.0: its MERGE does not quote column names in two of four places, but Dremio
    reserves the words "year", "month", "day" and "snapshot", which are the names of gold's partition columns.
    The original also ignores incremental_predicates, and so does this one, because no model here uses them.
-#}
{% macro dremio__get_incremental_merge_sql(target, source, unique_key, dest_columns, incremental_predicates=none) -%}
    {%- set keys = [unique_key] if unique_key is string else unique_key -%}
    {%- set columns = dest_columns | map(attribute='name') | map('lower') | list -%}

    merge into {{ target }} as DBT_INTERNAL_DEST
        using {{ source }} as DBT_INTERNAL_SOURCE
        on (
            {%- for key in keys %}
            DBT_INTERNAL_SOURCE.{{ adapter.quote(key) }} = DBT_INTERNAL_DEST.{{ adapter.quote(key) }}
            {%- if not loop.last %} and {% endif -%}
            {%- endfor %}
        )

    when matched then update set
        {%- for column in columns if column not in keys %}
        {{ adapter.quote(column) }} = DBT_INTERNAL_SOURCE.{{ adapter.quote(column) }}
        {%- if not loop.last %},{% endif -%}
        {%- endfor %}

    when not matched then insert (
        {%- for column in columns %}
        {{ adapter.quote(column) }}{% if not loop.last %},{% endif -%}
        {%- endfor %}
    )
    values (
        {%- for column in columns %}
        DBT_INTERNAL_SOURCE.{{ adapter.quote(column) }}{% if not loop.last %},{% endif -%}
        {%- endfor %}
    )
{%- endmacro %}
