-- A date's claim answers for every sync that ended since the claim before.
update landing_daytime_syncs
set business_date = %(business_date)s
where
    source = %(source)s
    and business_date is null
returning
    job_id,
    rows_emitted
