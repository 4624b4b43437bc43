-- The run has ended: what it left open has failed.
update night_receipts
set
    state = 'failed',
    ended_at = now(),
    error = coalesce(error, %(error)s)
where
    business_date = %(business_date)s
    and stage = %(stage)s
    and run_id = %(run_id)s
    and state in ('running', 'up_for_retry')
