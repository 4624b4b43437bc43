-- Somebody has been told that the night will be late; only the first to say so does it.
update night_eta
set
    paged_at = %(paged_at)s,
    paged_root = %(paged_root)s
where
    business_date = %(business_date)s
    and paged_at is null
