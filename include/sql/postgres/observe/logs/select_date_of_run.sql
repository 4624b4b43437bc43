-- The business date that a run of a stage worked on, from its receipt.
select business_date
from night_receipts
where
    stage = %(stage)s
    and run_id = %(run_id)s
order by started_at
limit 1
