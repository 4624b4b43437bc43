{#- Days on which serving.daily_revenue is not the sum of serving.orders by gold's own definition. -#}
with

summed_orders as (

    select
        order_date,
        sum(case when status = 'completed' then 1 else 0 end) as orders_count,
        sum(case when status = 'completed' then amount else 0 end) as daily_revenue
    from {{ serving_orders }}
    {%- if from_day %}
    where order_date >= cast('{{ from_day }}' as date)
    {%- endif %}
    group by order_date

),

shown_days as (

    select
        order_date,
        orders_count,
        daily_revenue
    from {{ serving_revenue }}
    {%- if from_day %}
    where order_date >= cast('{{ from_day }}' as date)
    {%- endif %}

)

select
    coalesce(summed_orders.order_date, shown_days.order_date) as order_date,
    summed_orders.orders_count as expected_completed,
    shown_days.orders_count as shown_completed,
    summed_orders.daily_revenue as expected_revenue,
    shown_days.daily_revenue as shown_revenue
from summed_orders
full outer join shown_days
    on summed_orders.order_date = shown_days.order_date
where
    summed_orders.orders_count is distinct from shown_days.orders_count
    or summed_orders.daily_revenue is distinct from shown_days.daily_revenue
order by order_date
