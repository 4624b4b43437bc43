{#- Counts and sums of both sides of the comparison, by day. -#}
with

compared_orders as (

    {{ compared | indent(4) }}

),

both_sides as (

    select
        expected_order_date as order_date,
        1 as expected_orders,
        case when expected_status = 'completed' then 1 else 0 end as expected_completed,
        case when expected_status = 'completed' then expected_amount else 0 end as expected_revenue,
        0 as shown_orders,
        0 as shown_completed,
        cast(0 as decimal(12, 2)) as shown_revenue,
        0 as differences
    from compared_orders
    where expected_order_id is not null
    union all
    select
        coalesce(shown_order_date, expected_order_date) as order_date,
        0 as expected_orders,
        0 as expected_completed,
        cast(0 as decimal(12, 2)) as expected_revenue,
        coalesce(copies, 0) as shown_orders,
        case when shown_status = 'completed' then copies else 0 end as shown_completed,
        case when shown_status = 'completed' then copies * shown_amount else 0 end as shown_revenue,
        case when difference is null then 0 else 1 end as differences
    from compared_orders

)

select
    order_date,
    cast(sum(expected_orders) as bigint) as expected_orders,
    cast(sum(expected_completed) as bigint) as expected_completed,
    cast(sum(expected_revenue) as decimal(18, 2)) as expected_revenue,
    cast(sum(shown_orders) as bigint) as shown_orders,
    cast(sum(shown_completed) as bigint) as shown_completed,
    cast(sum(shown_revenue) as decimal(18, 2)) as shown_revenue,
    cast(sum(differences) as bigint) as differences
from both_sides
{%- if from_day %}
where order_date >= cast('{{ from_day }}' as date)
{%- endif %}
group by order_date
order by order_date
