{{ config(unique_key='order_id', partition_by=['month(order_date)']) }}

with

customers as (

    select
        customer_id,
        customer_name,
        email
    from {{ ref('stg_customers') }}

),

orders as (

    select
        order_id,
        customer_id,
        product_id,
        order_date,
        quantity,
        amount,
        status,
        created_at,
        updated_at,
        bronze_date
    from {{ ref('stg_orders') }}

),

products as (

    select
        product_id,
        product_name,
        category
    from {{ ref('stg_products') }}

),

ranked_shipments as (

    select
        order_id,
        shipment_status,
        row_number() over (
            partition by order_id
            order by updated_at desc, shipment_id desc
        ) as shipment_rank
    from {{ ref('stg_shipments') }}

),

newest_shipments as (

    select
        order_id,
        shipment_status
    from ranked_shipments
    where shipment_rank = 1

),

customer_orders as (

    select
        orders.order_id,
        orders.customer_id,
        customers.customer_name,
        customers.email,
        orders.product_id,
        products.product_name,
        products.category,
        orders.order_date,
        orders.quantity,
        orders.amount,
        orders.status,
        newest_shipments.shipment_status,
        orders.created_at,
        orders.updated_at,
        orders.bronze_date
    from customers
    inner join orders
        on customers.customer_id = orders.customer_id
    -- The shop may have deleted the product, and the order may not have left the warehouse yet.
    left join products
        on orders.product_id = products.product_id
    left join newest_shipments
        on orders.order_id = newest_shipments.order_id

)

{{ rows_that_differ('customer_orders') }}
