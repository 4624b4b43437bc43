-- Stages with a task at work, of a night that the clock started: a scheduled run began in its own window.
with tasks as (
    select
        stage,
        state,
        bool_or(run_id like 'scheduled\_\_%%' and started_at between %(opens)s and %(closes)s) over ()
            as by_the_clock
    from night_receipts
    where business_date = %(business_date)s
)

select distinct stage
from tasks
where by_the_clock and state in ('running', 'up_for_retry')
