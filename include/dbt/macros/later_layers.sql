{#-
    The later layers of a table that is passed on as it is: a model of one call. The columns are those of the
    model's .yml, in that order; every one is a column of the model that is read. `key` is the column that tells
    rows apart; of several, or of rows without one, it is the key column that the staging model has made.
-#}

{#- An intermediate model or a mart: the rows of `model_name` as they are, deleted ones included. -#}
{% macro same_rows(model_name, key) -%}
    {%- do config(unique_key=key) -%}
with

all_rows as (

    select *
    from {{ ref(model_name) }}

)

{{ rows_that_differ('all_rows') }}
{%- endmacro %}


{#-
    A table of gold: the rows of the mart that exist at the source. Those that the mart has as deleted leave gold
    after the merge, which cannot remove rows; gold never shows them with a mark.

    deleted   the condition that says of a row of the mart that it is deleted.
-#}
{% macro published_rows(mart, key, deleted="row_status = 'deleted'") -%}
    {%- do config(
        unique_key=key,
        post_hook="{{ take_out_deleted(" ~ tojson(mart) ~ ", " ~ tojson(key) ~ ", " ~ tojson(deleted) ~ ") }}",
    ) -%}
with

existing_rows as (

    select *
    from {{ ref(mart) }}
    where not ({{ deleted }})

)

{{ rows_that_differ('existing_rows') }}
{%- endmacro %}


{#- Delete from this table the rows that the mart has as deleted, and count them as rows that the model changed. -#}
{% macro take_out_deleted(mart, key, deleted) -%}
    {%- if execute -%}
        {%- set key_column = adapter.quote(key) -%}
        {%- call statement('take_out_deleted') -%}
delete from {{ this }}
where {{ key_column }} in (select {{ key_column }} from {{ ref(mart) }} where {{ deleted }})
        {%- endcall -%}
        {%- set merged = load_result('main') -%}
        {%- set gone = load_result('take_out_deleted').response.rows_affected -%}
        {#- Minus one: Dremio did not say how many. -#}
        {%- if gone > 0 and merged.response.rows_affected >= 0 -%}
            {%- set changed = merged.response.rows_affected + gone -%}
            {%- do store_raw_result(
                'main',
                message=changed | string,
                code=merged.response.code,
                rows_affected=changed,
                agate_table=merged.table,
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
