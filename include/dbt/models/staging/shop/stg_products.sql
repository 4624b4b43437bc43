{{ config(unique_key='product_id') }}

with

raw_products as (

    select *
    from {{ source('bronze', 'raw_products') }}
    where
        product_id is not null
        {{ and_of_this_business_date() }}

),

cleaned as (

    select
        cast(product_id as bigint) as product_id,
        trim(name) as product_name,
        lower(trim(category)) as category,
        cast(unit_price as decimal(12, 2)) as unit_price,
        active as is_active,
        created_at,
        updated_at,
        bronze_date,
        row_number() over (
            partition by product_id
            order by updated_at desc, bronze_date desc
        ) as version_rank
    from raw_products

),

newest as (

    select *
    from cleaned
    where version_rank = 1

)

select
    newest.product_id,
    newest.product_name,
    newest.category,
    newest.unit_price,
    newest.is_active,
    newest.created_at,
    newest.updated_at,
    newest.bronze_date
from newest
{{ unless_newer_is_held('newest', 'product_id') }}
