{{ config(unique_key='customer_id') }}

with

customers as (

    select
        customer_id,
        customer_name,
        email,
        bronze_date
    from {{ ref('int_customers') }}

),

orders as (

    select
        customer_id,
        order_date,
        amount,
        status,
        bronze_date
    from {{ ref('int_customer_orders') }}

),

-- The newest business date that any row comes from. It only moves forward, whichever dates are replayed.
contained_dates as (

    select max(bronze_date) as bronze_date
    from customers
    union all
    select max(bronze_date) as bronze_date
    from orders

),

newest_date as (

    select max(bronze_date) as snapshot_date
    from contained_dates

),

completed_orders as (

    select
        customer_id,
        count(*) as total_orders,
        sum(amount) as lifetime_value,
        min(order_date) as first_order_date,
        max(order_date) as last_order_date
    from orders
    where status = 'completed'
    group by customer_id

),

customer_lifetime_value as (

    select
        customers.customer_id,
        customers.customer_name,
        customers.email,
        -- A customer whose last completed order was cancelled must show 0, not an old value.
        cast(coalesce(completed_orders.total_orders, 0) as bigint) as total_orders,
        cast(coalesce(completed_orders.lifetime_value, 0) as decimal(18, 2)) as lifetime_value,
        cast(
            round(completed_orders.lifetime_value / completed_orders.total_orders, 2) as decimal(18, 2)
        ) as average_order_value,
        completed_orders.first_order_date,
        completed_orders.last_order_date,
        -- Dremio's datediff takes the end first, then the start, and returns days.
        datediff(
            completed_orders.last_order_date, completed_orders.first_order_date
        ) as customer_lifespan_days,
        newest_date.snapshot_date as "snapshot"
    from customers
    cross join newest_date
    left join completed_orders
        on customers.customer_id = completed_orders.customer_id

)

{{ rows_that_differ('customer_lifetime_value') }}
