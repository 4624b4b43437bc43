{{ config(unique_key='order_id', partition_by=['month(order_date)']) }}

with

raw_orders as (

    select *
    from {{ source('bronze', 'raw_orders') }}
    where
        order_id is not null
        {{ and_of_this_business_date() }}

),

cleaned as (

    select
        cast(order_id as bigint) as order_id,
        cast(customer_id as bigint) as customer_id,
        cast(product_id as bigint) as product_id,
        cast(order_date as date) as order_date,
        cast(quantity as integer) as quantity,
        cast(unit_price as decimal(12, 2)) as unit_price,
        cast(amount as decimal(12, 2)) as amount,
        -- A merge cannot remove rows, so a deletion becomes a status.
        case when deleted_at is null then lower(trim(status)) else 'deleted' end as status,
        created_at,
        updated_at,
        bronze_date,
        row_number() over (
            partition by order_id
            order by updated_at desc, bronze_date desc
        ) as version_rank
    from raw_orders

),

newest as (

    select *
    from cleaned
    where version_rank = 1

)

select
    newest.order_id,
    newest.customer_id,
    newest.product_id,
    newest.order_date,
    newest.quantity,
    newest.unit_price,
    newest.amount,
    newest.status,
    newest.created_at,
    newest.updated_at,
    newest.bronze_date
from newest
{{ unless_newer_is_held('newest', 'order_id') }}
