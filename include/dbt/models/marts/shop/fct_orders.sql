{{ config(
    unique_key='order_id',
    partition_by=['month(order_date)'],
    localsort_by=['customer_id'],
) }}

with

orders as (

    select
        order_id,
        customer_id,
        product_id,
        order_date,
        quantity,
        amount,
        status,
        -- The shop deletes products for good; a product deleted before the first night has no name here.
        coalesce(product_name, 'Withdrawn product') as product_name,
        coalesce(category, 'withdrawn') as category,
        shipment_status,
        created_at,
        updated_at
    from {{ ref('int_customer_orders') }}

)

{{ rows_that_differ('orders') }}
