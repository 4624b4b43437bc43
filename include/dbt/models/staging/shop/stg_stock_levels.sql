{{ config(unique_key='stock_level_key') }}

with

raw_stock_levels as (

    select *
    from {{ source('bronze', 'raw_stock_levels') }}
    where
        product_id is not null
        {{ and_of_this_business_date() }}

),

-- A row without a key means that the shop truncated the table: older rows are deleted, in every partition.
truncations as (

    select max(_ab_cdc_lsn) as truncated_at_lsn
    from {{ source('bronze', 'raw_stock_levels') }}
    where product_id is null

),

versions as (

    select
        concat(cast(product_id as varchar), ' ', trim(warehouse)) as stock_level_key,
        cast(product_id as bigint) as product_id,
        trim(warehouse) as warehouse,
        cast(units_on_hand as integer) as units_on_hand,
        cast(reorder_point as integer) as reorder_point,
        case when _ab_cdc_deleted_at is null then 'stocked' else 'deleted' end as status,
        _ab_cdc_updated_at as changed_at,
        _ab_cdc_lsn as change_lsn,
        bronze_date,
        0 as is_held
    from raw_stock_levels
    {%- if is_incremental() %}
        union all
        -- A row already in the table wins over an older or equal one. Such a row is written again only if a
        -- truncation has deleted it since, so its key and version are enough here.
        select
            stock_level_key,
            product_id,
            warehouse,
            cast(null as integer) as units_on_hand,
            cast(null as integer) as reorder_point,
            status,
            changed_at,
            change_lsn,
            bronze_date,
            1 as is_held
        from {{ this }}
    {%- endif %}

),

ranked as (

    select
        *,
        row_number() over (
            partition by stock_level_key
            order by change_lsn desc, bronze_date desc, is_held desc
        ) as version_rank
    from versions

),

newest as (

    select
        ranked.*,
        ranked.status = 'stocked' and coalesce(
            ranked.change_lsn < truncations.truncated_at_lsn, false
        ) as is_truncated
    from ranked
    cross join truncations
    where ranked.version_rank = 1

)

select
    stock_level_key,
    product_id,
    warehouse,
    case when status = 'stocked' and not is_truncated then units_on_hand end as units_on_hand,
    case when status = 'stocked' and not is_truncated then reorder_point end as reorder_point,
    -- A merge cannot remove rows, so a deletion becomes a status.
    case when is_truncated then 'deleted' else status end as status,
    changed_at,
    change_lsn,
    bronze_date
from newest
where
    is_held = 0
    or is_truncated
