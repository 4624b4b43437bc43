select
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
from seam_audits
order by
    edge_date desc,
    order_date desc
limit %(most)s
