-- A later business date whose first sync came before this date's: it may have taken this date's changes.
with this as (
    select first_completed_at
    from landing_syncs
    where
        source = %(source)s
        and business_date = %(business_date)s
)

select business_date
from landing_syncs
where
    source = %(source)s
    and business_date > %(business_date)s
    and first_completed_at < (select max(this.first_completed_at) from this)
order by first_completed_at
limit 1
