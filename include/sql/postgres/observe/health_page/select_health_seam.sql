select
    outcome,
    checked_at,
    reason
from seam_checks
order by check_id desc
limit 1
