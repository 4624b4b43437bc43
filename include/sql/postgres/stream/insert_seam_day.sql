insert into seam_days (
    check_id,
    order_date,
    expected_orders,
    shown_orders,
    expected_completed,
    shown_completed,
    expected_revenue,
    shown_revenue,
    differences
)
values (
    %(check_id)s,
    %(order_date)s,
    %(expected_orders)s,
    %(shown_orders)s,
    %(expected_completed)s,
    %(shown_completed)s,
    %(expected_revenue)s,
    %(shown_revenue)s,
    %(differences)s
)
