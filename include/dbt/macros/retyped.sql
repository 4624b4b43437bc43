{#-
    A column that is text in the model's .yml and something else in the table: its source has another type since.
    Dremio cannot alter it, and a merge would fail on the first value that is not a number or a time, so the table
    is built again from all that the layer before it has. That happens once, and in gold too, which otherwise
    only ever changes through a merge: readers miss the table for as long as its statement runs.

    In place of dbt's own macro, which asks for the flag and the configuration alone.
-#}
{% macro should_full_refresh() %}
    {%- set configured = config.get('full_refresh') -%}
    {%- set asked = flags.FULL_REFRESH if configured is none else configured -%}
    {{ return(asked or a_column_has_become_text()) }}
{% endmacro %}


{#- Does the table hold as something else what the model's .yml calls varchar? -#}
{% macro a_column_has_become_text() -%}
    {%- if not execute -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set texts = [] -%}
    {%- for name, column in model.columns.items() if (column.data_type or '') | lower == 'varchar' -%}
        {%- do texts.append(name | lower) -%}
    {%- endfor -%}
    {%- for column in held_columns() if column.name | lower in texts and 'char' not in column.dtype | lower -%}
        {{ return(true) }}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}


{#- The columns of the table as the run found it; none if there is no table. Dremio is asked once. -#}
{% macro held_columns() -%}
    {%- if '_held_columns' not in model -%}
        {%- do model.update({'_held_columns': adapter.get_columns_in_relation(this)}) -%}
    {%- endif -%}
    {{ return(model['_held_columns']) }}
{%- endmacro %}
