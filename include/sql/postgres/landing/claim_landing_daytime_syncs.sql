-- A date's claim accounts for every sync that has ended since the previous claim.
update landing_daytime_syncs
set business_date = %(business_date)s
where
    source = %(source)s
    and business_date is null
returning
    job_id,
    rows_emitted
