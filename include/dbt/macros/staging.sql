{#-
    A staging model is one call of one of these macros. Partitions may be loaded any number of times and in any
    order, and the table comes out the same.

    The model's columns are those of its .yml, in that order. Parameters of all three:

    stream    the table of sources.yml, such as 'raw_orders'.
    key       the column that tells rows apart, or a list of columns. Several columns, or none in a snapshot,
              make a key column of their own: of stg_orders `orders_key`, unless `key_column` names another. It
              stands in the .yml too. Rows whose key is NULL are left out.
    columns   the SQL expression, over the raw row, of each column that is not simply the raw column of the same
              name: {'email': 'lower(trim(email))'}.

    Columns of the lake's own, which also stand in the .yml: bronze_date, of every model; row_status, 'current'
    or 'deleted', where rows can be deleted, because a merge cannot remove rows.
-#}

{#-
    Of a stream that brings changes only: each key in its newest version. The highest `cursor` (a column of the
    model) wins, NULL being the oldest; a tie goes to the newer bronze partition, and to a partition that has
    been loaded again.

    deleted   for a source that marks its deleted rows: the condition over the raw row that says so, such as
              'deleted_at is not null'. The model then has a row_status.
-#}
{% macro stage_versions(stream, key, cursor, columns={}, key_column=none, deleted=none, status_column='row_status',
                        current='current') -%}
    {%- set raw = source('bronze', stream) -%}
    {%- set key_name = key_of_staging(key, key_column) -%}
    {%- do config(unique_key=key_name) -%}
    {%- if execute -%}
    {%- set own = {} -%}
    {%- if deleted -%}
        {%- do own.update({status_column: "case when " ~ deleted ~ " then 'deleted' else '" ~ current ~ "' end"}) -%}
    {%- endif -%}
    {%- set names = columns_of_staging(key_name, key, columns, own) -%}
    {%- set key_column_name = adapter.quote(key_name) -%}
    {%- set cursor_name = adapter.quote(cursor) -%}
with

cleaned as (

    select
        {{ staged_columns(names, key_name, key, columns, own) }}
    from {{ raw }}
    {{- where_of_this_business_date() }}

),

{% if key_is_composed(key_name, key, columns) -%}
identified as (

    select
        {{ identified_columns(names, key_name, key, columns) }}
    from cleaned

),

{% endif -%}
ranked as (

    select
        *,
        row_number() over (
            partition by {{ key_column_name }}
            order by {{ cursor_name }} desc nulls last, bronze_date desc
        ) as version_rank
    from {{ 'identified' if key_is_composed(key_name, key, columns) else 'cleaned' }}
    where {{ key_column_name }} is not null

)

select
    {{ listed(names, 'ranked') }}
from ranked
{%- if is_incremental() %}
    {%- set held_names = names_in_table() %}
left join {{ this }} as held
    on ranked.{{ key_column_name }} = held.{{ key_column_name }}
where
    ranked.version_rank = 1
    and (
        held.{{ key_column_name }} is null
        {%- if cursor | lower in held_names %}
        or ranked.{{ cursor_name }} > held.{{ cursor_name }}
        or (ranked.{{ cursor_name }} is not null and held.{{ cursor_name }} is null)
        or (
            ranked.bronze_date >= held.bronze_date
            and (
                ranked.{{ cursor_name }} = held.{{ cursor_name }}
                or (ranked.{{ cursor_name }} is null and held.{{ cursor_name }} is null)
            )
        )
        {%- else %}
        or ranked.bronze_date >= held.bronze_date
        {%- endif %}
    )
    {{- unless_held_already(names, held_names) }}
{%- else %}
where ranked.version_rank = 1
{%- endif %}
    {%- endif -%}
{%- endmacro %}


{#-
    Of a stream that brings the whole list each time: the newest list, and as deleted, with their last values,
    the rows that only older lists have. The newest list is what the last sync of the newest partition brought;
    bronze_date is that of the newest list that has the row. Without a key (`key=[]`) a row is its content: of
    equal rows there are as many as in the list, and a changed row is one deleted and one new.

    An empty list has no row in its partition. That it came stands in the view `bronze.empty_lists`, which
    load_bronze keeps: it deletes the rows of its date and of older ones, in whatever order the dates are run.
-#}
{% macro stage_snapshot(stream, key, columns={}, key_column=none, status_column='row_status', current='current') -%}
    {%- set raw = source('bronze', stream) -%}
    {%- set key_name = key_of_staging(key, key_column) -%}
    {%- do config(unique_key=key_name) -%}
    {%- if execute -%}
    {%- set own = {status_column: none} -%}
    {%- set names = columns_of_staging(key_name, key, columns, own) -%}
    {%- set key_column_name = adapter.quote(key_name) -%}
    {%- set status = adapter.quote(status_column) -%}
    {%- set values = names | reject('equalto', status_column) | list -%}
with

cleaned as (

    select
        {{ staged_columns(values, key_name, key, columns, own) }},
        rank() over (
            partition by bronze_date
            order by _airbyte_sync_id desc nulls last
        ) as sync_rank
    from {{ raw }}
    {{- where_of_this_business_date() }}

),

identified as (

    select
        {{ identified_columns(values, key_name, key, columns, within='bronze_date, sync_rank') }},
        (sync_rank = 1) as in_newest_list,
        0 as held_in_table
    from cleaned
    {%- if is_incremental() %}
        {%- set held_names = names_in_table() %}
    union all
    select
        {%- for name in values %}
        {{ held_or_null(name, held_names) }},
        {%- endfor %}
        -- What a list loaded again leaves out is deleted.
        ({{ status }} = '{{ current }}' and bronze_date <> {{ business_date() }}) as in_newest_list,
        1 as held_in_table
    from {{ this }}
    {%- endif %}

),

ranked as (

    select
        *,
        max(bronze_date) over () as newest_date,
        row_number() over (
            partition by {{ key_column_name }}
            order by bronze_date desc, held_in_table, in_newest_list desc
        ) as version_rank
    from identified
    where {{ key_column_name }} is not null

),

emptied as (

    select max(bronze_date) as last_empty_date
    from {{ raw.incorporate(path={'identifier': 'empty_lists'}) }}
    where "stream" = '{{ stream | replace('raw_', '', 1) }}'

),

newest as (

    select
        {{ listed(values, 'ranked') }},
        case
            when ranked.bronze_date <= emptied.last_empty_date then 'deleted'
            when ranked.bronze_date = ranked.newest_date and ranked.in_newest_list then '{{ current }}'
            else 'deleted'
        end as {{ status }}
    from ranked
    cross join emptied
    where ranked.version_rank = 1

)

select
    {{ listed(names) }}
from newest
{%- if is_incremental() -%}
    {{ unless_held_already(names, held_names) }}
{%- endif %}
    {%- endif -%}
{%- endmacro %}


{#-
    Of a stream that is read from the source's log (CDC): each key in the change with the highest LSN. A deletion
    is such a change. A row without a key means that the source truncated the table: what is older is deleted, in
    every partition. A deleted row keeps its key only. The model also has the columns changed_at and change_lsn.
-#}
{% macro stage_changes(stream, key, columns={}, key_column=none, status_column='row_status', current='current') -%}
    {%- set raw = source('bronze', stream) -%}
    {%- set key_name = key_of_staging(key, key_column) -%}
    {%- do config(unique_key=key_name) -%}
    {%- if execute -%}
    {%- set own = {
        status_column: "case when _ab_cdc_deleted_at is null then '" ~ current ~ "' else 'deleted' end",
        'changed_at': '_ab_cdc_updated_at',
        'change_lsn': '_ab_cdc_lsn',
    } -%}
    {%- set names = columns_of_staging(key_name, key, columns, own) -%}
    {%- set key_names = [key] if key is string else key -%}
    {%- set kept = [key_name, status_column, 'changed_at', 'change_lsn', 'bronze_date'] + key_names -%}
    {%- set status = adapter.quote(status_column) -%}
    {%- set first_key = columns.get(key_names[0], adapter.quote(key_names[0])) -%}
with

truncations as (

    select max(_ab_cdc_lsn) as truncated_at_lsn
    from {{ raw }}
    where {{ first_key }} is null

),

cleaned as (

    select
        {{ staged_columns(names, key_name, key, columns, own) }}
    from {{ raw }}
    {{- where_of_this_business_date() }}

),

versions as (

    select
        {{ identified_columns(names, key_name, key, columns) }},
        0 as held_in_table
    from cleaned
    where {{ adapter.quote(key_names[0]) }} is not null
    {%- if is_incremental() %}
    union all
    -- A row already in the table wins over an older or equal one. It is written again only if a truncation has
    -- deleted it since, so its key and version are enough here.
    select
        {%- for name in names %}
        {{ adapter.quote(name) if name in kept else null_of(name) }},
        {%- endfor %}
        1 as held_in_table
    from {{ this }}
    {%- endif %}

),

ranked as (

    select
        *,
        row_number() over (
            partition by {{ adapter.quote(key_name) }}
            order by change_lsn desc, bronze_date desc, held_in_table desc
        ) as version_rank
    from versions
    where {{ adapter.quote(key_name) }} is not null

),

newest as (

    select
        ranked.*,
        ranked.{{ status }} <> 'deleted' and coalesce(
            ranked.change_lsn < truncations.truncated_at_lsn, false
        ) as is_truncated
    from ranked
    cross join truncations
    where ranked.version_rank = 1

)

select
    {%- for name in names %}
    {%- if name == status_column %}
    case when is_truncated then 'deleted' else {{ status }} end as {{ status }}
    {%- elif name in kept %}
    {{ adapter.quote(name) }}
    {%- else %}
    case when {{ status }} <> 'deleted' and not is_truncated then {{ adapter.quote(name) }} end as {{ adapter.quote(name) }}
    {%- endif %}
    {{- "," if not loop.last }}
    {%- endfor %}
from newest
where
    held_in_table = 0
    or is_truncated
    {%- endif -%}
{%- endmacro %}
