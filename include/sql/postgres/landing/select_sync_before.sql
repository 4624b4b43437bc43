-- Another date whose first sync ran before this date's and can have taken this date's changes: a later date,
-- or any date whose sync ran after this date's day had started, as in a backfill of several dates.
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
    and business_date <> %(business_date)s
    and first_completed_at < (select max(this.first_completed_at) from this)
    and (
        business_date > %(business_date)s
        or first_completed_at >= (%(business_date)s::timestamp at time zone 'UTC')
    )
order by
    business_date < %(business_date)s,
    first_completed_at
limit 1
