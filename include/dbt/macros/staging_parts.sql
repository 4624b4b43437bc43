{#- The parts of which staging.sql makes its statements. -#}

{#- Name of the column that identifies the model's rows. -#}
{% macro key_of_staging(key, key_column) -%}
    {%- if key is string -%}
        {{ return(key_column or key) }}
    {%- elif key | length == 1 -%}
        {{ return(key_column or key[0]) }}
    {%- endif -%}
    {{ return(key_column or (model.name | replace('stg_', '', 1)) ~ '_key') }}
{%- endmacro %}


{#- Names of the model's columns, from its .yml. Refuses what does not fit together. -#}
{% macro columns_of_staging(key_name, key, columns, own) -%}
    {%- set names = model.columns.keys() | list -%}
    {%- set file = model.name ~ '.yml' -%}
    {%- set needed = [key_name] + ([key] if key is string else key) + columns.keys() | list + own.keys() | list -%}
    {%- for name in needed + ['bronze_date'] if name not in names -%}
        {%- do exceptions.raise_compiler_error(
            file ~ " does not list the column " ~ name ~ " of " ~ model.name ~ ": describe it there, with its data_type"
        ) -%}
    {%- endfor -%}
    {%- for name in own if name in columns -%}
        {%- do exceptions.raise_compiler_error(
            model.name ~ " has a column " ~ name ~ " of its own: give the source's column another name"
        ) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}


{#- Is the key column put together here, of several columns or of all? -#}
{% macro key_is_composed(key_name, key, columns) -%}
    {{ return(key_name not in columns and key_name not in ([key] if key is string else key)) }}
{%- endmacro %}


{#- The select list over the raw rows: every column but a composed key. -#}
{% macro staged_columns(names, key_name, key, columns, own) -%}
    {%- set written = [] -%}
    {%- for name in names if not (name == key_name and key_is_composed(key_name, key, columns)) -%}
        {%- set expression = own.get(name) or columns.get(name) -%}
        {%- do written.append(
            (expression ~ ' as ' ~ adapter.quote(name)) if expression else adapter.quote(name)
        ) -%}
    {%- endfor -%}
    {{ written | join(',\n        ') }}
{%- endmacro %}


{#-
    The select list that adds a composed key: the values, separated by a slash. `~` and `/` in a text become `~0`
    and `~1`, so that two keys never look alike. Of a row without a key it is the digest of all its values and
    the row's number among equal ones, counted `within` these columns.
-#}
{% macro identified_columns(names, key_name, key, columns, within='') -%}
    {%- set written = [] -%}
    {%- for name in names -%}
        {%- if name != key_name or not key_is_composed(key_name, key, columns) -%}
            {%- do written.append(adapter.quote(name)) -%}
        {%- elif key -%}
            {%- set texts = [] -%}
            {%- for part in key -%}
                {%- do texts.append(text_of(part)) -%}
            {%- endfor -%}
            {%- do written.append(texts | join(" || '/' || ") ~ ' as ' ~ adapter.quote(name)) -%}
        {%- else -%}
            {%- set content = names | reject('in', [key_name, 'bronze_date']) | list -%}
            {%- set texts = [] -%}
            {%- for part in content -%}
                {%- do texts.append("coalesce(" ~ text_of(part) ~ ", '~')") -%}
            {%- endfor -%}
            {%- do written.append(
                "md5(" ~ texts | join(" || '/' || ") ~ ") || '-' || cast(row_number() over (\n"
                ~ "            partition by " ~ within ~ ", " ~ listed(content) | replace('\n    ', ' ') ~ "\n"
                ~ "            order by bronze_date\n        ) as varchar) as " ~ adapter.quote(name)
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ written | join(',\n        ') }}
{%- endmacro %}


{#- A column's value as text. -#}
{% macro text_of(name) -%}
    {%- set column = adapter.quote(name) -%}
    {%- if model.columns[name].data_type == 'varchar' -%}
        {{ return("replace(replace(" ~ column ~ ", '~', '~0'), '/', '~1')") }}
    {%- endif -%}
    {{ return("cast(" ~ column ~ " as varchar)") }}
{%- endmacro %}


{#- A select list. -#}
{% macro listed(names, table=none) -%}
    {%- for name in names -%}
    {{ table ~ '.' if table }}{{ adapter.quote(name) }}{{ ",\n    " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{#- An incremental run reads the partition of its business date; the first build and a full refresh read all. -#}
{% macro where_of_this_business_date() -%}
    {%- if is_incremental() %}
    where bronze_date = {{ business_date() }}
    {%- endif -%}
{%- endmacro %}


{#- Names of the table's columns, in lower case. -#}
{% macro names_in_table() -%}
    {{ return(held_columns() | map(attribute='name') | map('lower') | list) }}
{%- endmacro %}


{#- A column of the table; NULL if the model has just got it. -#}
{% macro held_or_null(name, held_names) -%}
    {{ return(adapter.quote(name) if name | lower in held_names else null_of(name)) }}
{%- endmacro %}


{#- NULL in the type of a column. -#}
{% macro null_of(name) -%}
    {{ return('cast(null as ' ~ model.columns[name].data_type ~ ') as ' ~ adapter.quote(name)) }}
{%- endmacro %}


{#- Leaves out rows that are in the table as they are, unless the model has just got other columns. -#}
{% macro unless_held_already(names, held_names) -%}
    {%- if names | map('lower') | sort | list == held_names | sort | list %}
except
select
    {{ listed(names) }}
from {{ this }}
    {%- endif -%}
{%- endmacro %}
