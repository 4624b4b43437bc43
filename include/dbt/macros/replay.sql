{#-
    These macros make partitions replayable any number of times and in any order: a merge never sees a row
    that is older than the row in the table, or identical to it.
-#}

{#-
    The last part of a staging model: keeps the rows of `rows` that are newer than the table's row with the
    same key. The newest updated_at wins; a tie goes to the newer bronze partition. (Within one partition there
    is already only one version per key.)
-#}
{% macro unless_newer_is_held(rows, key) -%}
    {%- if is_incremental() -%}
left join {{ this }} as held
    on {{ rows }}.{{ key }} = held.{{ key }}
where
    held.{{ key }} is null
    or {{ rows }}.updated_at > held.updated_at
    or (
        {{ rows }}.updated_at = held.updated_at
        and {{ rows }}.bronze_date > held.bronze_date
    )
    {%- endif -%}
{%- endmacro %}


{#-
    The last part of a model in every later layer: the rows of `rows` that differ from the table's. The model
    computes what the table should contain; this reduces the merge to the difference. A replay of unchanged
    input then writes nothing, and the next night repairs one that failed halfway.

    The columns are those of the model's .yml, in that order. If the table has other columns (the model has
    just changed), everything is merged once, which fills the new column.
-#}
{% macro rows_that_differ(rows) -%}
    {%- set columns = [] -%}
    {%- for name in model.columns -%}
        {%- do columns.append(adapter.quote(name)) -%}
    {%- endfor -%}
    {%- set column_list = columns | join(',\n    ') -%}
select
    {{ column_list }}
from {{ rows }}
    {%- if is_incremental() and holds_the_columns_of_the_model() %}
except
select
    {{ column_list }}
from {{ this }}
    {%- endif -%}
{%- endmacro %}


{#- Whether the existing table has exactly the columns that the model's .yml lists. -#}
{% macro holds_the_columns_of_the_model() -%}
    {%- set held = adapter.get_columns_in_relation(this) | map(attribute='name') | map('lower') | sort | list -%}
    {{ return(held == (model.columns.keys() | map('lower') | sort | list)) }}
{%- endmacro %}


{#- For a where clause: adds the rows whose key is already in the table. -#}
{% macro or_held(key) -%}
    {%- if is_incremental() -%}
    or {{ key }} in (select held.{{ key }} from {{ this }} as held)
    {%- endif -%}
{%- endmacro %}
