select
    store_id,
    (ordered_at at time zone 'UTC')::date as ordered_on,
    count(*) filter (where state in ('paid', 'served')) as orders_count,
    coalesce(sum(total) filter (where state in ('paid', 'served')), 0)::numeric(18, 2) as takings
from orders
group by 1, 2
