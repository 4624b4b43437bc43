-- Stages with a task at work, of a night that the clock started: a scheduled run began in its own window.
with tonight as (
    select
        stage,
        state,
        run_id like 'scheduled\_\_%%' and started_at between %(opens)s and %(closes)s as by_the_clock
    from night_receipts
    where business_date = %(business_date)s
)

select distinct stage
from tonight
where
    state in ('running', 'up_for_retry')
    and (
        select bool_or(by_the_clock) from tonight
    )
