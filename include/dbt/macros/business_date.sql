{#-
    The business date of this run as a SQL date literal: `cast('2025-10-16' as date)`.

    It comes from the variable `business_date` (by hand: --vars) or otherwise from LAKEHOUSE_BUSINESS_DATE
    (Airflow). Airflow does not use --vars, because a new value of any variable makes dbt discard its parse
    cache and read the whole project again, in every task of every night.
-#}
{% macro business_date() -%}
    {%- set given = var('business_date', '') or env_var('LAKEHOUSE_BUSINESS_DATE', '') -%}
    {%- if execute and not modules.re.match('^[0-9]{4}-[0-9]{2}-[0-9]{2}$', given | string) -%}
        {{ exceptions.raise_compiler_error(
            "business_date must be a date like 2025-10-16, not '" ~ given ~ "': "
            ~ "set LAKEHOUSE_BUSINESS_DATE or pass --vars 'business_date: 2025-10-16'") }}
    {%- endif -%}
    cast('{{ given }}' as date)
{%- endmacro %}
