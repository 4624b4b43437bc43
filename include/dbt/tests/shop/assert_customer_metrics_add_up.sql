-- Customers whose figures contradict each other. There must be none.
select
    customer_id,
    total_orders,
    lifetime_value,
    average_order_value,
    customer_lifespan_days
from {{ ref('fct_customer_lifetime_value') }}
where
    -- An average that is rounded to cents, times n, is within n half cents of the sum.
    abs(lifetime_value - coalesce(average_order_value, 0) * total_orders) > 0.005 * total_orders
    or customer_lifespan_days < 0
    or (total_orders = 0 and first_order_date is not null)
    or (total_orders > 0 and first_order_date is null)
    or (total_orders = 1 and customer_lifespan_days <> 0)
