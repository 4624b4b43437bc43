{#- As marts.fct_daily_revenue: only completed orders count; a date without one shows 0. -#}
with

totals as (

    select
        order_date,
        sum(case when status = 'completed' then 1 else 0 end) as orders_count,
        sum(case when status = 'completed' then amount else 0 end) as daily_revenue
    from {{ orders }}
    group by order_date

)

select
    order_date,
    cast(orders_count as bigint) as orders_count,
    cast(daily_revenue as decimal(18, 2)) as daily_revenue,
    case
        when orders_count > 0 then cast(round(daily_revenue / orders_count, 2) as decimal(18, 2))
    end as average_order_value
from totals
