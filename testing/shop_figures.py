"""What gold must say, asked of the shop's own database: the independent side of a comparison."""

from typing import Final

DAILY_REVENUE_OF_THE_SHOP: Final = """
    select order_date,
           count(*) filter (where status = 'completed' and deleted_at is null),
           coalesce(sum(amount) filter (where status = 'completed' and deleted_at is null), 0)
    from orders group by order_date order by order_date
"""
CUSTOMER_METRICS_OF_THE_SHOP: Final = """
    select c.customer_id, count(o.order_id), coalesce(sum(o.amount), 0), min(o.order_date), max(o.order_date)
    from customers c
    left join orders o on o.customer_id = c.customer_id and o.status = 'completed' and o.deleted_at is null
    group by c.customer_id order by c.customer_id
"""
