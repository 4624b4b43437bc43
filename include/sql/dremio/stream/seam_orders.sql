{#- The orders that the two sides of the comparison show differently, the newest days first. -#}
with

compared_orders as (

    {{ compared | indent(4) }}

)

select
    *,
    coalesce(expected_order_date, shown_order_date) as order_date
from compared_orders
where difference is not null
order by
    coalesce(expected_order_date, shown_order_date) desc,
    order_id asc
limit {{ most }}
