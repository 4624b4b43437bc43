select
    order_id,
    order_date,
    side,
    kind,
    detail
from seam_differences
where check_id = %(check_id)s
order by
    order_date desc,
    order_id asc
