{{ config(unique_key='order_date') }}

with

orders as (

    select
        order_date,
        amount,
        status
    from {{ ref('int_customer_orders') }}

),

-- Every date that has an order of any status keeps its row. A date whose last completed order was cancelled
-- must show 0; without the row, a merge would keep the old revenue.
totals as (

    select
        order_date,
        sum(case when status = 'completed' then 1 else 0 end) as orders_count,
        sum(case when status = 'completed' then amount else 0 end) as daily_revenue
    from orders
    group by order_date

),

daily_revenue as (

    select
        order_date,
        cast(orders_count as bigint) as orders_count,
        cast(daily_revenue as decimal(18, 2)) as daily_revenue,
        case
            when orders_count > 0 then cast(round(daily_revenue / orders_count, 2) as decimal(18, 2))
        end as average_order_value
    from totals

)

{{ rows_that_differ('daily_revenue') }}
