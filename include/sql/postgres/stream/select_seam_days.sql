select
    order_date,
    expected_orders,
    shown_orders,
    expected_completed,
    shown_completed,
    expected_revenue,
    shown_revenue,
    differences
from seam_days
where check_id = %(check_id)s
order by order_date
