-- A night that the clock started has a scheduled run that began inside its own window.
select distinct stage
from night_receipts
where
    business_date = %(business_date)s
    and state in ('running', 'up_for_retry')
    and exists (
        select 1
        from night_receipts as first_stage
        where
            first_stage.business_date = %(business_date)s
            and first_stage.run_id like 'scheduled\_\_%%'
            and first_stage.started_at between %(opens)s and %(closes)s
    )
