insert into seam_audits (
    edge_date,
    order_date,
    audited_at,
    streamed_orders,
    audited_orders,
    streamed_revenue,
    audited_revenue,
    missed_by_the_stream,
    missing_in_gold,
    changed,
    example_order_id
)
values (
    %(edge_date)s,
    %(order_date)s,
    %(audited_at)s,
    %(streamed_orders)s,
    %(audited_orders)s,
    %(streamed_revenue)s,
    %(audited_revenue)s,
    %(missed_by_the_stream)s,
    %(missing_in_gold)s,
    %(changed)s,
    %(example_order_id)s
)
on conflict (edge_date, order_date) do nothing
