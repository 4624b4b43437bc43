{#-
    A column whose type in the model's .yml takes values that the table's own type cannot: its source has another
    type since. Dremio alters a column only to a wider one of its kind (an integer to a bigint, a decimal to more
    digits before the point), and a merge would fail on the first value that does not fit, or round it. So the
    table is built again from all that the layer before it has. That happens once, and in gold too, which otherwise
    only ever changes through a merge: readers miss the table for as long as its statement runs.

    In place of dbt's own macro, which asks for the flag and the configuration alone.
-#}
{% macro should_full_refresh() %}
    {%- set configured = config.get('full_refresh') -%}
    {%- set asked = flags.FULL_REFRESH if configured is none else configured -%}
    {{ return(asked or a_column_takes_too_little()) }}
{% endmacro %}


{#- Does the table hold a column under a type that cannot take what the model's .yml says of it? -#}
{% macro a_column_takes_too_little() -%}
    {%- if not execute -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set declared = {} -%}
    {%- for name, column in model.columns.items() -%}
        {%- do declared.update({name | lower: (column.data_type or '') | lower}) -%}
    {%- endfor -%}
    {%- for column in held_columns() if takes_too_little(column, declared.get(column.name | lower, '')) -%}
        {{ return(true) }}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}


{#-
    Is text wanted of a column that is not text, a time of a date, or a number with more digits behind the point
    than the column has? A text takes every value.
-#}
{% macro takes_too_little(column, wanted) -%}
    {%- set held = column.dtype | lower -%}
    {%- if wanted == 'varchar' -%}
        {{ return('char' not in held) }}
    {%- elif wanted == 'timestamp' -%}
        {{ return(held == 'date') }}
    {%- endif -%}
    {%- set held_digits = digits_behind_the_point(held, column.numeric_scale) -%}
    {%- set scale = modules.re.search(',\s*(\d+)\)', wanted) -%}
    {%- set wanted_digits = digits_behind_the_point(wanted, scale.group(1) if scale else 0) -%}
    {{ return(held_digits is not none and wanted_digits is not none and wanted_digits > held_digits) }}
{%- endmacro %}


{#-
    The digits of a numeric type; none for any other type, and for a decimal of unknown scale, which must not have
    its table built again each night. A double has more than any decimal.
-#}
{% macro digits_behind_the_point(type, scale) -%}
    {%- if type in ('int', 'integer', 'bigint') -%}
        {{ return(0) }}
    {%- elif type.startswith('decimal') -%}
        {{ return(none if scale is none else scale | int) }}
    {%- elif type.startswith('double') or type.startswith('float') -%}
        {{ return(1000) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}


{#- The columns of the table as the run found it; none if there is no table. Dremio is asked once. -#}
{% macro held_columns() -%}
    {%- if '_held_columns' not in model -%}
        {%- do model.update({'_held_columns': adapter.get_columns_in_relation(this)}) -%}
    {%- endif -%}
    {{ return(model['_held_columns']) }}
{%- endmacro %}
