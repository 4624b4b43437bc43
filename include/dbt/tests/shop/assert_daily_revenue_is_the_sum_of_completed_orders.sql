-- Dates whose revenue or count differs from the completed orders of that date, on either side. There must be
-- none. The two marts are built independently, so this compares two computations.
with

from_orders as (

    select
        order_date,
        count(*) as orders_count,
        sum(amount) as daily_revenue
    from {{ ref('fct_orders') }}
    where status = 'completed'
    group by order_date

),

from_daily_revenue as (

    select
        order_date,
        orders_count,
        daily_revenue
    from {{ ref('fct_daily_revenue') }}
    where orders_count <> 0 or daily_revenue <> 0

)

select
    coalesce(from_orders.order_date, from_daily_revenue.order_date) as order_date,
    from_orders.daily_revenue as expected_revenue,
    from_daily_revenue.daily_revenue as found_revenue
from from_orders
full outer join from_daily_revenue
    on from_orders.order_date = from_daily_revenue.order_date
where
    coalesce(from_orders.daily_revenue, -1) <> coalesce(from_daily_revenue.daily_revenue, -1)
    or coalesce(from_orders.orders_count, -1) <> coalesce(from_daily_revenue.orders_count, -1)
