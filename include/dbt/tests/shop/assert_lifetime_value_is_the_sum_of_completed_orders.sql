-- Customers whose totals differ from their completed orders, on either side. There must be none.
with

from_orders as (

    select
        customer_id,
        count(*) as total_orders,
        sum(amount) as lifetime_value,
        min(order_date) as first_order_date,
        max(order_date) as last_order_date
    from {{ ref('fct_orders') }}
    where status = 'completed'
    group by customer_id

),

from_lifetime_value as (

    select
        customer_id,
        total_orders,
        lifetime_value,
        first_order_date,
        last_order_date
    from {{ ref('fct_customer_lifetime_value') }}
    where total_orders <> 0 or lifetime_value <> 0

)

select
    coalesce(from_orders.customer_id, from_lifetime_value.customer_id) as customer_id,
    from_orders.lifetime_value as expected_value,
    from_lifetime_value.lifetime_value as found_value
from from_orders
full outer join from_lifetime_value
    on from_orders.customer_id = from_lifetime_value.customer_id
where
    coalesce(from_orders.lifetime_value, -1) <> coalesce(from_lifetime_value.lifetime_value, -1)
    or coalesce(from_orders.total_orders, -1) <> coalesce(from_lifetime_value.total_orders, -1)
    or from_orders.first_order_date <> from_lifetime_value.first_order_date
    or from_orders.last_order_date <> from_lifetime_value.last_order_date
