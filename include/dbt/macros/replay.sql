{#-
    Parts of the models after staging. With the macros of staging.sql they make nights replayable any number of
    times and in any order: a merge never sees a row that is older than the row in the table, or identical to it.
-#}

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
    {%- set held = held_columns() | map(attribute='name') | map('lower') | sort | list -%}
    {{ return(held == (model.columns.keys() | map('lower') | sort | list)) }}
{%- endmacro %}


{#- For a where clause: adds the rows whose key is already in the table. -#}
{% macro or_held(key) -%}
    {%- if is_incremental() -%}
    or {{ key }} in (select held.{{ key }} from {{ this }} as held)
    {%- endif -%}
{%- endmacro %}
